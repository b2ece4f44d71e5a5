// Calls every method of the official API client's services for agents, messaging, memory,
// server and system, and checks what they resolve with. Arguments: the server's address
// and the file of the client.
import { randomUUID } from "node:crypto";
import { check, finish, server as defaultServer } from "./lib.mjs";

const [url, file] = process.argv.slice(2);
const { ElizaClient, ApiError } = await import(file);
const user = randomUUID();
const called = new Set();

/** The client's service, whose calls are noted. */
function watched(name, service) {
  return new Proxy(service, {
    get(target, key) {
      const value = target[key];
      if (typeof value !== "function") return value;
      called.add(`${name}.${key}`);
      return (...args) => value.apply(target, args);
    },
  });
}
const client = new ElizaClient({ baseUrl: url, headers: { "X-Entity-Id": user } });
const names = ["agents", "messaging", "memory", "server", "system"];
const [agents, messaging, memory, server, system] = names.map((name) => watched(name, client[name]));

/** Checks that a call resolves with what fits. */
async function good(name, call, fits = () => true) {
  try {
    const value = await call;
    check(name, fits(value), value);
    return value;
  } catch (error) {
    check(name, false, `${error.code ?? ""} ${error.message} ${error.details ?? ""}`);
    return undefined;
  }
}

/** Checks that a call is refused with a code and a status. */
async function refused(name, call, code, status) {
  try {
    check(name, false, await call);
  } catch (error) {
    check(name, error instanceof ApiError && error.code === code && error.status === status, `${error.code} ${error.status} ${error.message}`);
  }
}

/** Polls until the value fits. */
async function until(name, read, fits, within = 60_000) {
  const end = Date.now() + within;
  let value;
  do {
    value = await read();
    if (fits(value)) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end);
  check(name, fits(value), value);
  return value;
}

const has = (list, id) => Array.isArray(list) && list.some((entry) => (entry.id ?? entry) === id);

// Server and system.
await good("server.ping", server.ping(), (v) => v.pong === true && typeof v.timestamp === "number");
await good("server.hello", server.hello(), (v) => v.message === "Hello World!");
await good("server.getStatus", server.getStatus(), (v) => v.status === "ok" && typeof v.agentCount === "number");
await good("server.checkHealth", server.checkHealth(), (v) => v.status === "OK" && v.dependencies.agents === "healthy");
await good("server.getDebugInfo", server.getDebugInfo(), (v) => v.count === v.servers.length && has(v.servers, defaultServer));
await good("server.submitLogs", server.submitLogs([{ level: "warn", message: "from the api client", source: "test" }]), (v) => v.accepted === 1);
// Of several replicas each has a log and an .env of its own; the balancer asks one after the other.
await until("system.getGlobalLogs", () => system.getGlobalLogs({ level: "warn" }), (v) => v.logs.some((l) => l.msg === "from the api client" && l.level === 40) && v.level === "warn" && v.levels.includes("debug"));
await good("server.clearLogs", server.clearLogs());
await good("system.deleteGlobalLogs", system.deleteGlobalLogs());
await refused("a call that the client itself refuses", system.deleteLog("x").catch((e) => { throw Object.assign(new ApiError("OWN", e.message), { status: 0 }); }), "OWN", 0);
await good("system.getEnvironment", system.getEnvironment(), (v) => typeof v === "object");
await good("system.updateLocalEnvironment", system.updateLocalEnvironment({ PARLEY_TEST_VALUE: "a # b \"c\"" }));
await until("what was written", () => system.getEnvironment(), (v) => v.PARLEY_TEST_VALUE === "a # b \"c\"");

// Agents.
const created = await good("agents.createAgent", agents.createAgent({ agent: { name: "Ada", bio: ["Counts."], settings: { secrets: { KEY: "sk-1" } } } }),
  (v) => v.id && v.character.name === "Ada" && /^[0-9a-f]{32}:[0-9a-f]+$/.test(v.character.settings.secrets.KEY));
const ada = created?.id;
await refused("agents.createAgent without a name", agents.createAgent({ agent: { bio: ["x"] } }), "CREATE_ERROR", 400);
await good("agents.listAgents", agents.listAgents(), (v) => has(v.agents, ada));
await good("agents.getAgent", agents.getAgent(ada), (v) => v.status === "inactive" && typeof v.createdAt === "number");
await refused("agents.getAgent of nobody", agents.getAgent(randomUUID()), "NOT_FOUND", 404);
await refused("agents.getAgent of no id", agents.getAgent("xyz"), "INVALID_ID", 400);
await good("agents.updateAgent", agents.updateAgent(ada, { system: "Be exact.", settings: { avatar: "data:,x" } }),
  (v) => v.system === "Be exact." && v.settings.avatar === "data:,x" && v.settings.secrets.KEY.includes(":"));
await good("agents.startAgent", agents.startAgent(ada), (v) => v.status === "active" && v.name === "Ada");
await good("agents.getAgentPanels", agents.getAgentPanels(ada), (v) => Array.isArray(v.panels));
const group = randomUUID();
await good("memory.createWorldFromMessageServer", memory.createWorldFromMessageServer(group, { agentIds: [ada], name: "Circle", worldId: randomUUID(), source: "test" }),
  (v) => Array.isArray(v) && v[0].name === "Circle");
const worlds = await good("agents.getWorlds", agents.getWorlds(), (v) => Array.isArray(v.worlds) && v.worlds.length > 0);
await good("agents.addAgentToWorld", agents.addAgentToWorld(ada, worlds?.worlds[0].id), (v) => v.world.agentId === ada);
await good("agents.updateAgentWorldSettings", agents.updateAgentWorldSettings(ada, worlds?.worlds.find((w) => w.agentId === ada).id, { mood: "calm" }),
  (v) => v.world.metadata.settings.mood === "calm");

// Message servers.
const harbour = (await good("messaging.createMessageServer", messaging.createMessageServer({ name: "Harbour", sourceType: "test" }), (v) => v.server.name === "Harbour"))?.server.id;
await good("messaging.listMessageServers", messaging.listMessageServers(), (v) => has(v.messageServers, harbour) && has(v.messageServers, defaultServer));
await good("messaging.getCurrentMessageServer", messaging.getCurrentMessageServer(), (v) => v.messageServerId === defaultServer);
await good("messaging.syncMessageServerChannels", messaging.syncMessageServerChannels(harbour, { channels: [{ name: "Quay", type: "GROUP", sourceId: "q1" }] }), (v) => v.channels.length === 1);
await good("messaging.getMessageServerChannels", messaging.getMessageServerChannels(harbour), (v) => v.channels[0].name === "Quay");
await good("agents.addAgentToMessageServer", agents.addAgentToMessageServer(harbour, ada), (v) => v.agentId === ada);
await good("agents.getAgentsForMessageServer", agents.getAgentsForMessageServer(harbour), (v) => has(v.agents, ada));
await good("agents.getMessageServersForAgent", agents.getMessageServersForAgent(ada), (v) => has(v.messageServers, harbour));
await good("agents.removeAgentFromMessageServer", agents.removeAgentFromMessageServer(harbour, ada), (v) => v.agentId === ada);

// Channels.
const plain = (await good("messaging.createChannel", messaging.createChannel({ name: "Plain", type: "GROUP" }), (v) => v.name === "Plain"))?.id;
const circle = (await good("messaging.createGroupChannel", messaging.createGroupChannel({ name: "Circle", participantIds: [user, ada], metadata: { a: 1 } }), (v) => v.name === "Circle"))?.id;
const dm = (await good("messaging.getOrCreateDmChannel", messaging.getOrCreateDmChannel({ participantIds: [user, ada] }), (v) => v.type === "DM"))?.id;
await good("messaging.getOrCreateDmChannel again", messaging.getOrCreateDmChannel({ participantIds: [ada, user] }), (v) => v.id === dm);
await good("messaging.getChannelDetails", messaging.getChannelDetails(circle), (v) => v.id === circle && v.metadata.a === 1);
await good("messaging.getChannelParticipants", messaging.getChannelParticipants(circle), (v) => has(v, user) && has(v, ada));
await good("messaging.addAgentToChannel", messaging.addAgentToChannel(plain, ada), (v) => v.agentId === ada);
await good("messaging.removeAgentFromChannel", messaging.removeAgentFromChannel(plain, ada), (v) => v.agentId === ada);
await good("messaging.updateChannel", messaging.updateChannel(plain, { name: "Plainer" }), (v) => v.name === "Plainer");
await good("messaging.addUserToChannel", messaging.addUserToChannel(plain, user));
await good("messaging.addUsersToChannel", messaging.addUsersToChannel(plain, [randomUUID(), user]));
await good("three take part", messaging.getChannelParticipants(plain), (v) => v.length === 2 && has(v, user));
await good("messaging.removeUserFromChannel", messaging.removeUserFromChannel(plain, user));
await good("one is left", messaging.getChannelParticipants(plain), (v) => v.length === 1);

// Messages.
const post = await good("messaging.postMessage", messaging.postMessage(dm, "Hello Ada", { user_display_name: "Zed" }), (v) => v.content === "Hello Ada" && v.author_id === user);
await good("messaging.submitMessage", messaging.submitMessage({ agentId: ada, channelId: plain, content: "I noted it." }), (v) => v.content === "I noted it.");
await good("messaging.completeMessage", messaging.completeMessage({ channel_id: plain, server_id: defaultServer }));
await good("messaging.ingestExternalMessages", messaging.ingestExternalMessages({ platform: "test", channelId: plain, messages: [{ id: "m1", authorId: "u1", content: "from afar", timestamp: Date.now() }] }), (v) => v.messageId || v.messageIds);
const list = await until("messaging.getChannelMessages", () => messaging.getChannelMessages(dm, { limit: 30 }), (v) => v.messages.some((m) => m.authorId === ada));
await good("messaging.getMessage", messaging.getMessage(post?.id), (v) => v.content === "Hello Ada");
await good("messaging.updateMessage", messaging.updateMessage(post?.id, "Hello again"), (v) => v.content === "Hello again");
await good("messaging.searchMessages", messaging.searchMessages({ query: "again", channelId: dm }), (v) => v.messages.length === 1);
await good("messaging.generateChannelTitle", messaging.generateChannelTitle(dm, ada), (v) => v.channelId === dm && "title" in v);

// Logs and memories of the agent.
const logs = await until("agents.getAgentLogs", () => agents.getAgentLogs(ada, { count: 50, excludeTypes: ["embedding"] }), (v) => v.some((l) => l.type.startsWith("useModel:")));
await good("agents.deleteAgentLog", agents.deleteAgentLog(ada, logs[0]?.id));
const memories = await until("memory.getAgentMemories", () => memory.getAgentMemories(ada, { tableName: "messages" }), (v) => v.memories.length >= 2);
const room = memories.memories[0]?.roomId;
await good("memory.listAgentRooms", memory.listAgentRooms(ada), (v) => has(v.rooms, room));
await good("memory.getRoom", memory.getRoom(ada, room), (v) => v.id === room);
await good("memory.getRoomMemories", memory.getRoomMemories(ada, room, { limit: 5 }), (v) => v.memories.length >= 2);
await good("memory.getAgentInternalMemories", memory.getAgentInternalMemories(ada, room, false), (v) => v.memories.length >= 2);
await good("memory.createRoom", memory.createRoom(ada, { name: "Attic" }), (v) => v.name === "Attic" && v.agentId === ada);
const [first, second] = memories.memories;
await good("memory.updateMemory", memory.updateMemory(ada, first?.id, { content: { text: "changed" } }), (v) => v.id === first?.id);
await good("memory.updateAgentInternalMemory", memory.updateAgentInternalMemory(ada, second?.id, { content: { text: "changed too" } }), (v) => v.id === second?.id);
await good("memory.deleteMemory", memory.deleteMemory(ada, first?.id));
await good("memory.deleteAgentInternalMemory", memory.deleteAgentInternalMemory(ada, second?.id));
await good("memory.clearRoomMemories", memory.clearRoomMemories(ada, room));
await good("memory.deleteAllAgentInternalMemories", memory.deleteAllAgentInternalMemories(ada, room));
await good("memory.clearAgentMemories", memory.clearAgentMemories(ada), (v) => typeof v.deletedCount === "number");
await good("nothing is remembered", memory.getAgentMemories(ada, { tableName: "messages" }), (v) => v.memories.length === 0);
await good("memory.clearWorldMemories", memory.clearWorldMemories(group));
await good("memory.deleteWorld", memory.deleteWorld(group));

// Taking away.
await good("memory.deleteGroupMemory", memory.deleteGroupMemory(dm, list.messages[0]?.id));
await good("messaging.deleteMessage", messaging.deleteMessage(dm, post?.id));
await good("messaging.clearChannelHistory", messaging.clearChannelHistory(dm));
await good("memory.clearGroupChat", memory.clearGroupChat(plain));
await good("nothing is left", messaging.getChannelMessages(dm), (v) => v.messages.length === 0);
await good("messaging.deleteChannel", messaging.deleteChannel(circle));
await refused("a deleted channel", messaging.getChannelDetails(circle), "NOT_FOUND", 404);
await good("messaging.deleteMessageServer", messaging.deleteMessageServer(harbour));
await refused("the default server", messaging.deleteMessageServer(defaultServer), "FORBIDDEN", 403);
await good("agents.stopAgent", agents.stopAgent(ada), (v) => v.status === "inactive");
await good("agents.deleteAgent", agents.deleteAgent(ada));
await refused("a deleted agent", agents.getAgent(ada), "NOT_FOUND", 404);
await good("server.stopServer", server.stopServer(), (v) => v.message === "Server stopping...");

const plumbing = new Set(["constructor", "buildUrl", "getHeaders"]);
const all = names.flatMap((name) => Object.getOwnPropertyNames(Object.getPrototypeOf(client[name])).filter((key) => !plumbing.has(key)).map((key) => `${name}.${key}`));
const left = all.filter((name) => !called.has(name));
check(`all ${all.length} methods were called`, left.length === 0, left.join(" "));
await finish();
