// What the keyboard does. By `code`, the key's place: on a Mac, Alt and a letter make another letter.
import { isPossible, type CallButton } from "./desk";
import type { AgentView } from "../wire";

export type Act = CallButton | "answer" | "ready" | "not_ready" | "help";

export const KEYS: Record<Act, { code: string; label: string }> = {
  answer: { code: "KeyA", label: "Alt+A" },
  hold: { code: "KeyH", label: "Alt+H" },
  resume: { code: "KeyH", label: "Alt+H" },
  hang_up: { code: "KeyK", label: "Alt+K" },
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

export function actOf(pressed: Pressed, me: AgentView | null, ringing = false): Act | null {
  if (pressed.ctrl || pressed.meta) return null;
  if (!pressed.alt) return pressed.key === "?" && !pressed.typing ? "help" : null;
  switch (pressed.code) {
    case KEYS.answer.code:
      return ringing ? "answer" : null;
    case KEYS.hold.code:
      return isPossible("hold", me) ? "hold" : isPossible("resume", me) ? "resume" : null;
    case KEYS.hang_up.code:
      return isPossible("hang_up", me) ? "hang_up" : null;
    case KEYS.finish_wrap_up.code:
      return isPossible("finish_wrap_up", me) ? "finish_wrap_up" : null;
    case KEYS.ready.code:
      return me ? "ready" : null;
    case KEYS.not_ready.code:
      return me ? "not_ready" : null;
    default:
      return null;
  }
}
