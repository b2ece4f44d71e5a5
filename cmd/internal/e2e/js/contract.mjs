// Holds what a running server says, over REST and over sockets, against the documents that
// it publishes: replies of fetch, acknowledgements, and every event that a socket hears. A
// field that a schema does not name is a fault unless the schema says there may be others.
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const faults = [];
let found = 0;
const plainFetch = globalThis.fetch;
const known = new Map(); // by address of the server: a promise of its contract

/** Returns the faults found so far, each kind of one once. */
export const contractFaults = () => [...new Set(faults)];

/** How many replies and events have been compared. */
export const compared = () => found;

/** Forbids the fields that an object's schema does not name. */
function closeObjects(value) {
  if (value === null || typeof value !== "object") return;
  if (value.type === "object" && value.properties && typeof value.properties === "object" && !("additionalProperties" in value)) {
    value.additionalProperties = false;
  }
  Object.values(value).forEach(closeObjects);
}

/** Returns the contract of a server, undefined if it does not tell. */
export function contract(url, key) {
  if (!known.has(url)) known.set(url, load(url, key).catch(() => undefined));
  return known.get(url);
}

async function load(url, key) {
  const headers = key ? { "X-API-KEY": key } : {};
  const read = async (path) => {
    const response = await plainFetch(url + path, { headers });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  };
  const openapi = await read("/api/openapi.json");
  const asyncapi = await read("/api/asyncapi.json");
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateSchema: false });
  addFormats(ajv);
  for (const [name, document] of Object.entries({ openapi, asyncapi })) {
    closeObjects(document);
    ajv.addSchema({ $id: `parley:///${name}`, ...document });
  }
  const compiled = new Map();
  const validate = (ref, value) => {
    if (!compiled.has(ref)) compiled.set(ref, ajv.compile({ $ref: `parley:///${ref}` }));
    const check = compiled.get(ref);
    found++;
    if (check(value)) return "";
    const of = check.errors.at(-1);
    return `${of.instancePath || "/"} ${of.message} ${JSON.stringify(of.params)}`;
  };
  return { openapi, asyncapi, validate };
}

const pointer = (key) => encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"));
const eventKey = (event) => event.replaceAll(/[^A-Za-z0-9_-]+/g, "_");

/** Orders two paths that fit one URL: that with a literal where they first differ wins. */
function byLiterals(a, b) {
  const others = b.split("/");
  const at = a.split("/").findIndex((part, i) => part !== others[i]);
  return a.split("/")[at].startsWith("{") ? 1 : -1;
}

/** Finds the path of the document that a URL fits. */
function template(paths, method, pathname) {
  const segments = pathname.replace(/\/$/, "").split("/");
  const fits = Object.keys(paths).filter((path) => {
    const parts = path.split("/");
    return paths[path][method] && parts.length === segments.length &&
      parts.every((part, i) => part === segments[i] || (part.startsWith("{") && segments[i] !== ""));
  });
  return fits.sort(byLiterals)[0];
}

/** Compares one REST reply. */
async function checkReply(url, method, response) {
  const { origin, pathname } = new URL(url);
  const c = await contract(origin);
  const type = response.headers.get("Content-Type") ?? "";
  const path = c && template(c.openapi.paths, method.toLowerCase(), pathname);
  if (!path || response.status === 204 || response.status === 304 || !type.startsWith("application/json")) return;
  const operation = c.openapi.paths[path][method.toLowerCase()];
  const status = operation.responses[response.status] ? String(response.status) : "2XX";
  const declared = operation.responses[status];
  const body = await response.clone().json();
  if (typeof body?.success !== "boolean") return; // a document of its own
  const place = `${operation.operationId}: ${method} ${path}: ${response.status}`;
  if (!declared || (status === "2XX" && response.status >= 300)) {
    faults.push(`${place} ${body.error?.code}: not declared`);
    return;
  }
  const at = declared.$ref ? declared.$ref.slice(1) : `/paths/${pointer(path)}/${method.toLowerCase()}/responses/${status}`;
  const fault = c.validate(`openapi#${at}/content/application~1json/schema`, body);
  if (fault) faults.push(`${place}: ${fault}`);
}

globalThis.fetch = async (input, options) => {
  const response = await plainFetch(input, options);
  const method = (options?.method ?? input?.method ?? "GET").toUpperCase();
  await checkReply(String(input?.url ?? input), method, response);
  return response;
};

/** Compares an event that was heard, or the acknowledgement of one. */
function checkEvent(c, event, part, value) {
  const channel = c.asyncapi.channels[eventKey(event)];
  if (!channel?.messages[part]) {
    if (part === "event") faults.push(`event ${event}: not in the document`);
    return;
  }
  const fault = c.validate(`asyncapi#/components/messages/${eventKey(event)}_${part}/payload`, value);
  if (fault) faults.push(`${part === "ack" ? "ack of" : "event"} ${event}: ${fault}`);
}

const pending = new Set();

/** Resolves when all that pages have heard so far is compared. */
export const settled = () => Promise.all(pending);

/** Notes work that must be done before the end; what fails is of a page that has gone. */
function later(work) {
  const done = work.catch(() => {}).finally(() => pending.delete(done));
  pending.add(done);
}

/** Compares what a page in the browser is told from now on: replies, and events that come by WebSocket. */
export function watchPage(page, url) {
  page.on("response", (r) => {
    if (!r.url().startsWith(`${url}/api/`)) return;
    later((async () => {
      const body = [204, 304].includes(r.status()) ? null : await r.body();
      await checkReply(r.url(), r.request().method(), new Response(body, { status: r.status(), headers: await r.allHeaders() }));
    })());
  });
  page.on("websocket", (ws) => ws.on("framereceived", ({ payload }) => {
    const packet = typeof payload === "string" && payload.match(/^42\d*(\[.*)$/s);
    if (!packet) return;
    later((async () => {
      const c = await contract(url);
      const [event, value] = JSON.parse(packet[1]);
      if (c) checkEvent(c, event, "event", value);
    })());
  }));
}

/** Compares what a socket hears from now on. */
export async function watch(socket, url, key) {
  const c = await contract(url, key);
  if (!c) return;
  const check = (event, part, value) => checkEvent(c, event, part, value);
  socket.onAny((event, payload) => check(event, "event", payload));
  const emit = socket.emit.bind(socket);
  socket.emit = (event, ...args) => {
    const answer = args.at(-1);
    if (typeof answer !== "function") return emit(event, ...args);
    const heard = (...reply) => {
      const last = reply.at(-1);
      if (last && typeof last === "object" && !(last instanceof Error)) check(event, "ack", last);
      answer(...reply);
    };
    heard.withError = answer.withError;
    return emit(event, ...args.slice(0, -1), heard);
  };
}
