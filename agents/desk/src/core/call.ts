// What can be done to a call, by where it stands: one table, which buttons, keys and tests read.
import type { AgentView, CallState } from "../wire";

export type CallAct =
  | "hang_up" | "hold" | "resume" | "mute" | "keypad" | "transfer" | "consult"
  | "swap" | "complete" | "conference" | "drop_other";

export type Stage =
  | "none" | "ringing" | "dialling" | "talking" | "held" | "asking" | "waiting_other" | "consulting" | "conference"
  | "recalling" | "consulted";

export const POSSIBLE_IN: Record<Stage, readonly CallAct[]> = {
  none: [],
  ringing: [],
  dialling: ["hang_up"],
  talking: ["hang_up", "hold", "mute", "keypad", "transfer", "consult"],
  held: ["hang_up", "resume", "transfer", "consult"],
  asking: ["hang_up", "drop_other"], // the third rings, the customer hears music
  waiting_other: ["hang_up", "mute", "keypad", "swap", "complete", "conference", "drop_other"], // the third waits
  consulting: ["hang_up", "mute", "keypad", "swap", "complete", "conference", "drop_other"],
  conference: ["hang_up", "mute", "keypad", "complete", "drop_other"],
  recalling: [],
  consulted: ["hang_up"],
};

export function stageOf(call: CallState | null, me: AgentView | null): Stage {
  if (!me || me.activity === "idle" || me.activity === "wrap_up") return "none";
  if (call?.role === "consulted") return call.state === "ringing" ? "ringing" : "consulted";
  if (call && call.state !== "ringing" && call.state !== "ended") {
    if (call.other?.state === "ringing") return "asking";
    if (call.other && call.state === "talking") return "waiting_other";
    if (call.state !== "talking" && call.state !== "held") return call.state;
  }
  return me.activity === "offered" ? "ringing" : me.activity;
}

export const isPossible = (act: CallAct, call: CallState | null, me: AgentView | null): boolean =>
  POSSIBLE_IN[stageOf(call, me)].includes(act);

// What is done with whoever is chosen: the call goes there, or they are asked in.
export type Asking = "transfer" | "consult";

// Whom a call may go to.
export interface Target {
  kind: "agent" | "queue" | "number";
  id: string;
}

export const isNumber = (text: string): boolean => /^\+?[0-9]{2,20}$/.test(text);
// As people write numbers.
export const bareNumber = (text: string): string => text.replace(/[\s().-]/g, "");
