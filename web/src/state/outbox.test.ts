import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Post } from "../net/events";
import { CallError } from "../net/server";
import { maxAttempts, Outbox, type OutboxItem } from "./outbox";

/** A server that answers as told, and a connection that can be away. */
class Fake {
  ready = true;
  sent: string[] = [];
  answers: (CallError | "ok")[] = [];
  states: string[] = [];
  readonly outbox: Outbox;

  constructor(items: OutboxItem[] = []) {
    this.outbox = new Outbox(
      {
        ready: () => this.ready,
        wait: async () => undefined,
        changed: (list) => this.states.push(list.map((item) => item.state).join()),
        send: async (item) => {
          this.sent.push(item.clientId);
          const answer = this.answers.shift() ?? "ok";
          if (answer !== "ok") throw answer;
        },
      },
      items,
    );
  }

  add(clientId: string, text = clientId): void {
    this.outbox.add({ clientId, channelId: "c", text, at: 1 });
  }

  async idle(): Promise<void> {
    let before = "";
    await vi.waitFor(() => {
      const now = JSON.stringify([this.sent, this.outbox.list()]);
      const same = now === before;
      before = now;
      expect(same).toBe(true);
    });
  }
}

const lost = new CallError("LOST", "No answer.");
const forbidden = new CallError("FORBIDDEN", "You may not.");

let fake: Fake;
beforeEach(() => (fake = new Fake()));

describe("Outbox", () => {
  it("sends in order, one at a time, and is empty afterwards", async () => {
    fake.add("a");
    fake.add("b");
    expect(fake.sent).toEqual(["a"]);
    await fake.idle();
    expect(fake.sent).toEqual(["a", "b"]);
    expect(fake.outbox.list()).toEqual([]);
    expect(fake.states.slice(0, 2)).toEqual(["waiting", "sending"]);
  });

  it("keeps what is typed without a connection and sends it once afterwards", async () => {
    fake.ready = false;
    fake.add("a");
    fake.add("b");
    await fake.idle();
    expect(fake.sent).toEqual([]);
    fake.ready = true;
    fake.outbox.flush("c");
    fake.outbox.flush("c");
    await fake.idle();
    expect(fake.sent).toEqual(["a", "b"]);
  });

  it("sends again under the same id when no answer came, before what follows", async () => {
    fake.answers = [lost, lost];
    fake.add("a");
    fake.add("b");
    await fake.idle();
    expect(fake.sent).toEqual(["a", "a", "a", "b"]);
  });

  it("waits for the reconnect when the connection breaks, and does not count that", async () => {
    for (let i = 0; i < maxAttempts + 2; i++) {
      fake.answers = [lost];
      fake.ready = true;
      fake.add(`m${i}`);
      fake.ready = false;
      await fake.idle();
    }
    expect(new Set(fake.outbox.list().map((item) => item.state))).toEqual(new Set(["waiting"]));
    fake.answers = [];
    fake.ready = true;
    fake.outbox.flush("c");
    await fake.idle();
    expect(fake.outbox.list()).toEqual([]);
  });

  it("asks the user after a few attempts, and retries under the old id", async () => {
    fake.answers = Array.from({ length: maxAttempts }, () => lost);
    fake.add("a");
    await fake.idle();
    expect(fake.outbox.list()).toMatchObject([{ clientId: "a", state: "failed", error: "No answer." }]);
    fake.outbox.retry("a");
    await fake.idle();
    expect(fake.sent).toEqual(Array.from({ length: maxAttempts + 1 }, () => "a"));
    expect(fake.outbox.list()).toEqual([]);
  });

  it("gives up at once on a refusal and goes on with the next", async () => {
    fake.answers = [forbidden];
    fake.add("a");
    fake.add("b");
    await fake.idle();
    expect(fake.sent).toEqual(["a", "b"]);
    expect(fake.outbox.list()).toMatchObject([{ clientId: "a", state: "failed", error: "You may not." }]);
    fake.outbox.settle("a");
    expect(fake.outbox.list()).toEqual([]);
  });

  it("sends after a reload what was on its way before", async () => {
    fake = new Fake([{ clientId: "a", channelId: "c", text: "a", at: 1, state: "sending", attempts: 1 }]);
    expect(fake.outbox.list()[0]?.state).toBe("waiting");
    fake.outbox.flush("c");
    await fake.idle();
    expect(fake.sent).toEqual(["a"]);
  });

  it("recognises in a catch-up only what was sent, each stored message once", async () => {
    fake.answers = [lost];
    fake.add("a", "same");
    fake.ready = false;
    await fake.idle();
    fake.add("b", "same");
    fake.outbox.recognise([stored("m1", "same"), stored("m2", "same")]);
    expect(fake.outbox.list().map((item) => item.likelyId)).toEqual(["m1", undefined]);
  });
});

function stored(id: string, text: string): Post {
  return { kind: "post", id, channelId: "c", authorId: "me", authorName: "Me", text, at: 1, seq: 1, rev: 1 };
}
