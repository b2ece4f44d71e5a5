import { fields, first, instant, list, text } from "./read";

/** Somebody artificial who answers. */
export interface Agent {
  id: string;
  name: string;
  bio: string;
  active: boolean;
}

/** Whether a channel is for everybody in it, or between two. */
export type ChannelType = "GROUP" | "DM";

/** Where messages are written. */
export interface Channel {
  id: string;
  serverId: string;
  name: string;
  type: ChannelType;
  metadata: Record<string, unknown>;
  /** Who takes part, as far as the server says so. */
  participants: string[];
  /** When something last happened in it, in milliseconds; 0 if that is not known. */
  updatedAt: number;
}

/** readAgent reads an agent's row. */
export function readAgent(value: unknown): Agent | undefined {
  const f = fields(value);
  const id = text(f["id"]);
  if (id === "") return undefined;
  const bio = text(f["bio"]) || list(f["bio"]).map(text).filter(Boolean).join(" ");
  return { id, name: first(f, "name", "characterName") || "Agent", bio, active: f["status"] === "active" };
}

/** readChannel reads a channel's row; other types than DM are treated as groups. */
export function readChannel(value: unknown): Channel | undefined {
  const f = fields(value);
  const id = text(f["id"]);
  if (id === "") return undefined;
  const metadata = fields(f["metadata"]);
  const named = list(f["participants"]).length > 0 ? f["participants"] : metadata["participantCentralUserIds"];
  return {
    id,
    serverId: first(f, "messageServerId", "serverId"),
    name: text(f["name"]),
    type: f["type"] === "DM" ? "DM" : "GROUP",
    metadata,
    participants: list(named).map(text).filter(Boolean),
    updatedAt: instant(f, "updatedAt", "updated_at", "createdAt"),
  };
}
