// Where the page stands in its numbered messages, and what a message that comes in means to it.
import type { ServerMessage } from "../wire";

export interface Place {
  stream: string;
  seq: number;
}

// skip: it was here before. gap: something was lost, and only a snapshot mends that.
export type Verdict = "take" | "skip" | "gap";

export const nowhere: Place = { stream: "", seq: 0 };

export function place(at: Place, message: ServerMessage): [Verdict, Place] {
  if (message.type === "snapshot") return ["take", { stream: message.stream, seq: message.seq }];
  if (message.seq === 0) return ["take", at];
  if (message.seq <= at.seq) return ["skip", at];
  if (message.seq !== at.seq + 1) return ["gap", nowhere];
  return ["take", { ...at, seq: message.seq }];
}

// What to ask for on the next connection: the rest, or everything.
export const resumeOf = (at: Place): string => (at.stream ? `${at.stream}:${at.seq}` : "");
