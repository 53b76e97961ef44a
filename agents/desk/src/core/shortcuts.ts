// What the keyboard does. By `code`, the key's place: on a Mac, Alt and a letter make another letter.
import { isPossible, type CallAct } from "./call";
import type { AgentView, CallState } from "../wire";

export type Act = CallAct | "finish_wrap_up" | "answer" | "dial" | "ready" | "not_ready" | "help";

export const KEYS: Record<Act, { code: string; label: string }> = {
  answer: { code: "KeyA", label: "Alt+A" },
  hold: { code: "KeyH", label: "Alt+H" },
  resume: { code: "KeyH", label: "Alt+H" },
  hang_up: { code: "KeyK", label: "Alt+K" },
  mute: { code: "KeyM", label: "Alt+M" },
  keypad: { code: "KeyP", label: "Alt+P" },
  transfer: { code: "KeyT", label: "Alt+T" },
  consult: { code: "KeyC", label: "Alt+C" },
  swap: { code: "KeyS", label: "Alt+S" },
  complete: { code: "KeyG", label: "Alt+G" },
  conference: { code: "KeyJ", label: "Alt+J" },
  drop_other: { code: "KeyB", label: "Alt+B" },
  dial: { code: "KeyL", label: "Alt+L" },
  finish_wrap_up: { code: "KeyW", label: "Alt+W" },
  ready: { code: "KeyR", label: "Alt+R" },
  not_ready: { code: "KeyN", label: "Alt+N" },
  help: { code: "Slash", label: "?" },
};

export interface Pressed {
  key: string;
  code: string;
  alt: boolean;
  ctrl: boolean;
  meta: boolean;
  typing: boolean; // the focus is in a field
}

export interface Situation {
  me: AgentView | null;
  call: CallState | null;
  ringing: boolean; // the telephone in this page
}

const isNow = (act: Act, { me, call, ringing }: Situation): boolean => {
  switch (act) {
    case "help":
      return true;
    case "answer":
      return ringing;
    case "ready":
    case "not_ready":
      return me !== null;
    case "dial":
      return me !== null && me.activity === "idle";
    case "finish_wrap_up":
      return me?.activity === "wrap_up";
    default:
      return isPossible(act, call, me);
  }
};

export function actOf(pressed: Pressed, now: Situation): Act | null {
  if (pressed.ctrl || pressed.meta) return null;
  if (!pressed.alt) return pressed.key === "?" && !pressed.typing ? "help" : null;
  const acts = Object.keys(KEYS) as Act[];
  return acts.find((act) => act !== "help" && KEYS[act].code === pressed.code && isNow(act, now)) ?? null;
}
