import { fields, readEvents, text, type LogEvent } from "./events";
import { CallError } from "./socket";

/**
 * historyPage reads the newest page of a channel's history, or the one before a number, over
 * REST, where it has no bound but the number of messages, and where a long page never
 * stands in the way of live events on the socket. It rejects with a CallError.
 */
export async function historyPage(channelId: string, beforeSeq: number | null, limit: number, apiKey: string): Promise<LogEvent[]> {
  const path = `/api/messaging/central-channels/${encodeURIComponent(channelId)}/messages`;
  const query = new URLSearchParams({ limit: String(limit) });
  if (beforeSeq !== null) query.set("beforeSeq", String(beforeSeq));
  let body: Record<string, unknown>;
  try {
    const headers: Record<string, string> = apiKey === "" ? {} : { "X-API-KEY": apiKey };
    const response = await fetch(`${path}?${query}`, { headers, signal: AbortSignal.timeout(15_000) });
    body = fields(await response.json());
  } catch {
    throw new CallError("LOST", "The server did not answer.");
  }
  if (body["success"] === true) return readEvents(fields(body["data"])["messages"]);
  const error = fields(body["error"]);
  throw new CallError(text(error["code"]) || "UNKNOWN", text(error["message"]) || "The server refused this.");
}
