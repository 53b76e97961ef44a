// The keyboard on the supervisor's page. By `code`, the key's place, as on the desk.
import type { Pressed } from "../core/shortcuts";
import type { Action } from "../core/supervise";

export type Press = Action | CallPress | "stop" | "later" | "find" | "help";
// In a call that was taken over.
export type CallPress = "hold" | "transfer";

export const KEYS: Record<Exclude<Press, "skills" | "force" | "log_out">, { code: string; label: string }> = {
  listen: { code: "KeyL", label: "Alt+L" },
  whisper: { code: "KeyW", label: "Alt+W" },
  barge: { code: "KeyB", label: "Alt+B" },
  take_over: { code: "KeyO", label: "Alt+O" },
  hold: { code: "KeyH", label: "Alt+H" },
  transfer: { code: "KeyT", label: "Alt+T" },
  stop: { code: "KeyX", label: "Alt+X" },
  message: { code: "KeyM", label: "Alt+M" },
  later: { code: "KeyC", label: "Alt+C" },
  find: { code: "Slash", label: "/" },
  help: { code: "Slash", label: "?" },
};

const WITH_ALT = ["listen", "whisper", "barge", "take_over", "stop", "message", "later", "hold", "transfer"] as const;

export function actionOf(pressed: Pressed): Press | null {
  if (pressed.ctrl || pressed.meta) return null;
  if (pressed.alt) return WITH_ALT.find((one) => KEYS[one].code === pressed.code) ?? null;
  if (pressed.typing) return null;
  return pressed.key === "?" ? "help" : pressed.key === "/" ? "find" : null;
}
