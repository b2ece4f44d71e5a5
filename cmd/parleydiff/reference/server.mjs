// The ElizaOS 1.2.0 server with one deterministic model, so that what parleydiff sees
// differ is the server's doing. Arguments: the port and a folder for its data; the
// folder is also its working directory. It prints "ready" when it serves.
import { AgentRuntime, ModelType, validateUuid, stringToUuid } from "@elizaos/core";
import bootstrap from "@elizaos/plugin-bootstrap";
import sql from "@elizaos/plugin-sql";
import { AgentServer } from "@elizaos/server";

const [port, folder] = process.argv.slice(2);

/** What the model answers: the form that the reference's own templates ask for. */
const answer = (params) => {
  const prompt = String(params.prompt);
  if (prompt.includes("RESPOND") && prompt.includes("IGNORE") && prompt.includes("STOP") && !prompt.includes("<text>")) {
    return "<response><name>x</name><reasoning>r</reasoning><action>RESPOND</action></response>";
  }
  if (/title/i.test(prompt)) return "A Short Talk";
  return "<response><thought>t</thought><actions>REPLY</actions><providers></providers><text>hi there</text></response>";
};

const models = {
  name: "deterministic-models",
  description: "Answers the same to everything.",
  models: {
    [ModelType.TEXT_SMALL]: async (_runtime, params) => answer(params),
    [ModelType.TEXT_LARGE]: async (_runtime, params) => answer(params),
    [ModelType.OBJECT_SMALL]: async () => ({}),
    [ModelType.OBJECT_LARGE]: async () => ({}),
    [ModelType.TEXT_EMBEDDING]: async () => new Array(384).fill(0.1),
  },
};

const server = new AgentServer();
await server.initialize({ dataDir: `${folder}/db` });
server.startAgent = async (character) => {
  const id = validateUuid(character.id) ?? stringToUuid(character.name);
  const runtime = new AgentRuntime({
    character: { ...character, id, plugins: [] },
    plugins: [sql, models, bootstrap],
  });
  await runtime.initialize();
  await server.registerAgent(runtime);
  return runtime;
};
await server.start(Number(port));
console.log("ready");
