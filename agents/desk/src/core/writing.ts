// What an agent writes of a call, and whether the server has it: pure.
import type { Disposition, QueueDispositions, WrittenUp } from "../wire";

export interface Written {
  disposition: string;
  note: string;
}

export interface Draft extends Written {
  callId: string;
  saved: boolean; // the server has just this
}

// By call: what the server has not confirmed yet.
export type Unsent = Readonly<Record<string, Written>>;

export const blank = (callId: string): Draft => ({ callId, disposition: "", note: "", saved: true });

// The draft of a call that comes to the screen: what was typed here and not confirmed goes before what the server says.
export function draftOf(callId: string, unsent: Unsent, told: WrittenUp[]): Draft {
  const typed = unsent[callId];
  if (typed) return { ...typed, callId, saved: false };
  return told.reduce<Draft>((draft, said) => heard(draft, said), blank(callId));
}

// What the server says counts where nothing newer was typed here.
export function heard(draft: Draft, said: Pick<WrittenUp, "call_id" | "disposition" | "note">): Draft {
  if (draft.callId !== said.call_id) return draft;
  const same = draft.disposition === said.disposition && draft.note === said.note;
  if (same) return draft.saved ? draft : { ...draft, saved: true };
  return draft.saved ? { ...draft, disposition: said.disposition, note: said.note } : draft;
}

// Without what the server has confirmed; what was typed since then stays.
export function confirmed(unsent: Unsent, callId: string, sent: Written): Unsent {
  const now = unsent[callId];
  if (!now || now.note !== sent.note || now.disposition !== sent.disposition) return unsent;
  const { [callId]: _, ...rest } = unsent;
  return rest;
}

const isWritten = (one: unknown): one is Written =>
  typeof one === "object" && one !== null && typeof (one as Written).note === "string" && typeof (one as Written).disposition === "string";

// As it was kept over a reload.
export function unsentIn(text: string | null): Unsent {
  try {
    const found: unknown = JSON.parse(text ?? "{}");
    if (typeof found !== "object" || found === null) return {};
    return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, Written] => isWritten(entry[1])));
  } catch {
    return {};
  }
}

// The server will not take it, however often it is sent.
export const isFinal = (code: string): boolean => ["not_your_write_up", "unknown_disposition", "forbidden", "invalid"].includes(code);

export const choicesOf = (all: QueueDispositions[], queue: string): QueueDispositions | null =>
  all.find((one) => one.queue === queue) ?? null;

export const wordsOf = (all: QueueDispositions[], queue: string, code: string, chinese: boolean): string => {
  const found: Disposition | undefined = choicesOf(all, queue)?.choices.find((one) => one.code === code);
  return found ? (chinese ? found.zh : found.en) : code;
};
