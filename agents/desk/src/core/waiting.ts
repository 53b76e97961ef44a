// Why a contact waits, as the router said it: codes with figures. One of them tells the most.
import type { WaitingView, WhyLine } from "../wire";

const TELLING = ["ringing", "nobody", "preferred", "able", "asked"];

export function mainReason(why: readonly WhyLine[]): WhyLine | null {
  for (const code of TELLING) {
    const found = why.find((line) => line.code === code);
    if (found) return found;
  }
  return null;
}

export const ofQueue = (waiting: readonly WaitingView[], queue: string): WaitingView[] =>
  queue ? waiting.filter((one) => one.queue === queue) : waiting.slice();
