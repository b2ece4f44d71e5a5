import { readPage, type Page } from "./events";
import { fields, text } from "./read";
import { CallError, type Span } from "./server";

/**
 * holdCookie shows the key over REST once, so that the browser holds the cookie that opens
 * what it asks for without a header: the documentation. Nothing depends on its success.
 */
export function holdCookie(apiKey: string): void {
  if (apiKey === "") return;
  void fetch("/api/server/hello", { headers: { "X-API-KEY": apiKey }, signal: AbortSignal.timeout(15_000) }).catch(() => {});
}

/**
 * historyPage reads a piece of a channel's history over REST, where it has no bound but
 * the number of messages, and where a long page never stands in the way of live events
 * on the socket. It rejects with a CallError.
 */
export async function historyPage({ channelId, ...span }: Span, apiKey: string): Promise<Page> {
  const path = `/api/messaging/central-channels/${encodeURIComponent(channelId)}/messages`;
  const query = new URLSearchParams(Object.entries(span).map(([name, value]) => [name, String(value)]));
  let body: Record<string, unknown>;
  try {
    const headers: Record<string, string> = apiKey === "" ? {} : { "X-API-KEY": apiKey };
    const response = await fetch(`${path}?${query}`, { headers, signal: AbortSignal.timeout(15_000) });
    body = fields(await response.json());
  } catch {
    throw new CallError("LOST", "The server did not answer.");
  }
  if (body["success"] === true) return readPage(body["data"]);
  const error = fields(body["error"]);
  throw new CallError(text(error["code"]) || "UNKNOWN", text(error["message"]) || "The server refused this.");
}
