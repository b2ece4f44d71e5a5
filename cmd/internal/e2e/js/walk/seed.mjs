// What stands in the server before the walk: people, channels and messages, always the same.
import { connect, server } from "../lib.mjs";

export const eliza = { id: "b850bc30-45f8-0041-a00a-83df46d8555d", name: "Eliza" };
export const juniper = { id: "2f6c1a44-9d3e-4b7a-8c51-0e6d7b9a3f12", name: "Juniper" };
export const ann = { id: "0a11ce00-0000-4000-8000-0000000000a1", name: "Ann Lindqvist" };
export const bob = { id: "0b0b0000-0000-4000-8000-0000000000b2", name: "Bob Okafor" };
export const cleo = { id: "0c1e0000-0000-4000-8000-0000000000c3", name: "Cleo" };

const formats = `## Checklist for Friday

We sail at **six**, *not* at seven. What is left:

1. Fill the tanks
2. Read the [weather report](https://example.org/weather?area=north)
   - wind
   - ~~waves~~ tide
3. Run \`make ready\`

\`\`\`go
func ready(crew []string) error {
	for _, name := range crew {
		if err := wake(name); err != nil {
			return fmt.Errorf("wake %s at the appointed hour, which was six: %w", name, err)
		}
	}
	return nil
}
\`\`\`

| Who | Watch | Where |
| --- | ---: | --- |
| Ann | 4 h | bridge |
| Bob | 12 h | engine room and galley |

> A smooth sea never made a skilled sailor.`;

/** What was written while nobody looked, for the long channel. */
const subjects = ["tide tables", "the spare anchor", "paint for the hull", "the radio licence", "fresh water", "the harbour master",
  "a torn sail", "new ropes", "the evening watch", "breakfast"];

/** Seed fills one server over its API. */
export class Seed {
  constructor(url, key = "") {
    this.url = url;
    this.headers = { "content-type": "application/json", ...(key === "" ? {} : { "x-api-key": key }) };
  }

  /** call makes one request and returns its data. */
  async call(method, path, body) {
    const response = await fetch(`${this.url}/api/messaging${path}`, { method, headers: this.headers, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : (await response.json()).data;
  }

  /** channel makes a channel and returns its id. */
  async channel(name, type, people, metadata = {}) {
    const participantCentralUserIds = people.map(({ id }) => id);
    return (await this.call("POST", "/central-channels", { name, serverId: server, type, participantCentralUserIds, metadata })).id;
  }

  /** direct makes a direct chat of ours with somebody. */
  direct(name, other) {
    const agent = other === eliza || other === juniper ? { forAgent: other.id } : {};
    return this.channel(name, "DM", [ann, other], { isDm: true, user1: ann.id, user2: other.id, ...agent });
  }

  /** say posts a message as somebody and returns its id. */
  async say(channelId, author, message, more = {}) {
    const { id, name } = author;
    return (await this.call("POST", `/central-channels/${channelId}/messages`, { serverId: server, senderId: id, senderName: name,
      message, source: "client_group_chat", ...more, metadata: { user_display_name: name, ...more.metadata } })).id;
  }

  /** lobby is the id of the channel that is there from the start. */
  async lobby() {
    const { channels } = await this.call("GET", `/central-servers/${server}/channels`);
    return channels.find(({ name }) => name === "Lobby").id;
  }

  /** read notes that we have read a channel up to a message. */
  read(channelId, seq) {
    return this.call("PUT", `/central-channels/${channelId}/reads`, { entityId: ann.id, seq });
  }

  /** fill makes everything that the walk looks at, and returns the ids. */
  async fill() {
    const ids = { lobby: await this.lobby() };
    ids.crew = await this.channel("Harbour crew", "GROUP", [ann, bob, cleo]);
    ids.formats = await this.channel("Formats", "GROUP", [ann, bob]);
    ids.archive = await this.channel("Archive of everything that was ever said about boats", "GROUP", [ann, bob]);
    ids.news = await this.channel("News", "GROUP", [ann, bob]);
    ids.empty = await this.channel("Quiet corner", "GROUP", [ann]);
    ids.spare = await this.channel("Spare room", "GROUP", [ann]);
    ids.fence = await this.direct("Difficult decisions about the garden fence", eliza);
    ids.holiday = await this.direct("Holiday plans", eliza);
    ids.fresh = await this.direct("Chat - Nov 25, 09:30:00", eliza);
    ids.garden = await this.direct("Herbs for the balcony", juniper);
    ids.bob = await this.direct("Ann, Bob", bob);
    await this.#talk(ids);
    return ids;
  }

  /** talk writes the messages. */
  async #talk(ids) {
    await this.say(ids.lobby, eliza, "Good morning, everybody!");
    await this.say(ids.bob, bob, "Are you coming to the harbour later?");
    ids.question = await this.say(ids.crew, bob, "Who brings the ropes tomorrow?");
    await this.say(ids.crew, cleo, "I can, if somebody helps me carry them.");
    await this.say(ids.crew, cleo, "They are heavier than they look.");
    ids.own = await this.say(ids.crew, ann, "I will help. @Bob Okafor, can you bring the van?");
    ids.reply = await this.say(ids.crew, bob, "Yes. It is parked behind the boathouse anyway.", { inReplyToMessageId: ids.own });
    ids.edited = await this.say(ids.crew, ann, "See you all at fve.");
    await this.call("PATCH", `/messages/${ids.edited}`, { content: "See you all at five." });
    ids.gone = await this.say(ids.crew, ann, "This was meant for somebody else.");
    await this.call("DELETE", `/central-channels/${ids.crew}/messages/${ids.gone}`);
    // The agents come last, so that they leave the talk before to the people.
    await this.call("POST", `/central-channels/${ids.crew}/participants`, { userIds: [eliza.id, juniper.id] });
    await this.say(ids.formats, bob, formats);
    await this.say(ids.formats, bob, "السلام عليكم، كيف حالك اليوم؟ نلتقي في الميناء الساعة 6 (Pier 7).");
    await this.say(ids.formats, ann, "👋🏽");
    await this.say(ids.formats, bob, "🏴‍☠️⛵️ Ahoy! https://example.org/a-very-long-address/that-has-no-place-to-break/and-goes-on?with=parameters&and=more-of-them");
    await this.say(ids.formats, bob, Array.from({ length: 60 }, (_, i) => `${i + 1}. Item ${i + 1} of the long list of things to carry`).join("\n"));
    await this.say(ids.fence, eliza, "A fence is a decision about neighbours. Which one do you have in mind?");
    await this.say(ids.holiday, eliza, "Somewhere warm, or somewhere quiet? Tell me more about it.");
    for (let i = 1; i <= 140; i++) {
      await this.say(ids.archive, i % 3 === 0 ? ann : bob, `Note ${i}: about ${subjects[i % subjects.length]}.`);
    }
    await this.read(ids.archive, 140);
    await this.read(ids.crew, 8);
    await this.read(ids.formats, 5);
    await this.read(ids.lobby, 1);
    for (let i = 1; i <= 9; i++) await this.say(ids.news, bob, `Headline number ${i}: the ferry is on time, ${i > 4 ? "still" : "for once"}.`);
    await this.read(ids.news, 4);
  }

  /** come enters a channel as somebody, over a socket of its own. */
  async come(person, channelId) {
    const socket = await connect(this.url, { auth: { entityId: person.id } });
    await socket.emitWithAck("channels:join", { channelId, entityId: person.id, name: person.name });
    return Object.assign(socket, {
      types: () => socket.emit("typing", { channelId, senderId: person.id, senderName: person.name, isTyping: true }),
    });
  }
}
