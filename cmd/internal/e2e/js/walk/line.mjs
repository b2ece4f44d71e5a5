// A line between browser and server that can be cut, held or made to lose requests. The
// bytes themselves stay as they are.
import { createServer, connect } from "node:net";

/** Where a chunk of an answer begins in what the server sends. */
const chunkMark = '42["messageStreamChunk"';

/** Line listens on a port of its own and passes everything on to the server. */
export class Line {
  #pairs = new Set();
  #refused = "";
  #chunks = Number.POSITIVE_INFINITY;
  #cut = false;

  /** open starts a line to a server's URL. */
  static async open(target) {
    const line = new Line();
    line.target = new URL(target);
    line.server = createServer((near) => line.#join(near));
    await new Promise((resolve) => line.server.listen(0, "127.0.0.1", resolve));
    line.url = `http://127.0.0.1:${line.server.address().port}`;
    return line;
  }

  /** cut ends all connections and lets none come about, until mend. */
  cut() {
    this.#cut = true;
    for (const pair of this.#pairs) pair.end();
  }

  /** mend makes the line as good as new; what was held goes on. */
  mend() {
    this.#cut = false;
    this.#refused = "";
    this.#chunks = Number.POSITIVE_INFINITY;
    for (const pair of this.#pairs) pair.release();
  }

  /** holdAfter lets so many chunks of an answer through, then nothing from the server. */
  holdAfter(chunks) {
    this.#chunks = chunks;
  }

  /** holdAll lets nothing through from the server any more. */
  holdAll() {
    for (const pair of this.#pairs) pair.held = [];
  }

  /** refuse ends every connection that asks for such an address. */
  refuse(part) {
    this.#refused = part;
  }

  /** close ends the line for good. */
  close() {
    this.cut();
    this.server.close();
  }

  #join(near) {
    if (this.#cut) return near.destroy();
    const far = connect(Number(this.target.port), this.target.hostname);
    const pair = { held: undefined, end: () => (near.destroy(), far.destroy()) };
    pair.release = () => {
      for (const data of pair.held ?? []) near.write(data);
      pair.held = undefined;
    };
    this.#pairs.add(pair);
    near.on("data", (data) => {
      if (this.#refused !== "" && data.includes(this.#refused)) pair.end();
      else far.write(data);
    });
    far.on("data", (data) => this.#back(pair, near, data));
    for (const socket of [near, far]) {
      socket.on("error", () => pair.end());
      socket.on("close", () => {
        this.#pairs.delete(pair);
        pair.end();
      });
    }
  }

  /** Passes on what the server sends, up to the last chunk that may pass. */
  #back(pair, near, data) {
    if (pair.held !== undefined) return pair.held.push(data);
    for (let at = data.indexOf(chunkMark); at >= 0; at = data.indexOf(chunkMark, at + 1)) {
      // A frame of 126 to 65,535 bytes has a head of four, the last two are its length.
      const end = this.#chunks > 0 ? at + data.readUInt16BE(at - 2) : at - 4;
      if (this.#chunks > 0 && --this.#chunks > 0) continue;
      if (end > 0) near.write(data.subarray(0, end));
      pair.held = [data.subarray(end)];
      return;
    }
    near.write(data);
  }
}
