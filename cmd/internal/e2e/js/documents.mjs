// Checks the documents that a server makes of itself against their official schemas.
// Usage: node documents.mjs http://127.0.0.1:3000
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { contract } from "./contract.mjs";
import { check, finish } from "./lib.mjs";

const url = process.argv[2];
const require = createRequire(import.meta.url);
const fetched = async (path) => (await fetch(url + path)).json();

const openapi = await fetched("/api/openapi.json");
const verdict = await new Validator().validate(openapi);
check("OpenAPI is valid by the meta-schema of 3.1", verdict.valid && openapi.openapi.startsWith("3.1"), verdict.errors);

const asyncapi = await fetched("/api/asyncapi.json");
const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false }); // it brings draft 7 itself
addFormats(ajv);
const meta = JSON.parse(readFileSync(require.resolve("@asyncapi/specs/schemas/3.0.0.json"), "utf8"));
check("AsyncAPI is valid by the schema of 3.0", ajv.validate(meta, asyncapi), ajv.errors?.slice(0, 5));

/** Returns what a reference within a document points to, undefined if nothing. */
const resolve = (document, ref) => ref.slice(2).split("/").reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], document);

for (const [name, document] of Object.entries({ OpenAPI: openapi, AsyncAPI: asyncapi })) {
  const lost = new Set();
  (function walk(value) {
    if (value === null || typeof value !== "object") return;
    if (typeof value.$ref === "string" && resolve(document, value.$ref) === undefined) lost.add(value.$ref);
    Object.values(value).forEach(walk);
  })(document);
  check(`${name} refers to nothing that is not there`, lost.size === 0, [...lost]);
}

const ids = Object.values(openapi.paths).flatMap((item) => Object.values(item).map((operation) => operation.operationId));
check("each operationId is there once", new Set(ids).size === ids.length, ids.filter((id, i) => ids.indexOf(id) !== i));

const { validate } = await contract(url);
check("a payload that is not as documented is noticed", validate("asyncapi#/components/messages/typing_event/payload", { channelId: "x" }) !== "");
await finish();
