// What an agent writes of a call, and whether the server has it: pure.
import type { Disposition, QueueDispositions, WrittenUp } from "../wire";

export interface Draft {
  callId: string;
  disposition: string;
  note: string;
  saved: boolean; // the server has just this
}

export const blank = (callId: string): Draft => ({ callId, disposition: "", note: "", saved: true });

// What the server says counts where nothing newer was typed here.
export function heard(draft: Draft | null, said: Pick<WrittenUp, "call_id" | "disposition" | "note">): Draft | null {
  if (!draft || draft.callId !== said.call_id) return draft;
  const same = draft.disposition === said.disposition && draft.note === said.note;
  if (same) return draft.saved ? draft : { ...draft, saved: true };
  return draft.saved ? { ...draft, disposition: said.disposition, note: said.note } : draft;
}

export const choicesOf = (all: QueueDispositions[], queue: string): QueueDispositions | null =>
  all.find((one) => one.queue === queue) ?? null;

export const wordsOf = (all: QueueDispositions[], queue: string, code: string, chinese: boolean): string => {
  const found: Disposition | undefined = choicesOf(all, queue)?.choices.find((one) => one.code === code);
  return found ? (chinese ? found.zh : found.en) : code;
};
