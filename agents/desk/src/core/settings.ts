// What a person may choose for this browser. Kept only when something was chosen; never a token, never a customer.
import { usual } from "./alarms";

export const LANGUAGES = ["zh-CN", "en"] as const;
export const THEMES = ["auto", "light", "dark"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Theme = (typeof THEMES)[number];

export interface Settings {
  language: Language;
  theme: Theme;
  sound: boolean;
  shortcuts: boolean;
  inPage: boolean; // the telephone in the page, else the one on the desk
  microphone: string; // as the browser names it; empty is the usual one
  speaker: string;
  levelWarn: number;
  levelAlarm: number;
}

export function usualSettings(browserLanguage: string): Settings {
  const language = browserLanguage.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
  return { language, theme: "auto", sound: false, shortcuts: true, inPage: true, microphone: "", speaker: "", ...usual };
}

const oneOf = <T>(all: readonly T[], value: unknown, otherwise: T): T => all.find((one) => one === value) ?? otherwise;
const share = (value: unknown, otherwise: number): number =>
  typeof value === "number" && value >= 0 && value <= 1 ? value : otherwise;
const text = (value: unknown): string => (typeof value === "string" && value.length < 200 ? value : "");
const yes = (value: unknown, otherwise: boolean): boolean => (typeof value === "boolean" ? value : otherwise);

// Whatever cannot be read is as if it had not been chosen.
export function readSettings(kept: string | null, usually: Settings): Settings {
  let said: unknown = null;
  try {
    said = JSON.parse(kept ?? "null");
  } catch {
    return usually;
  }
  if (typeof said !== "object" || said === null) return usually;
  const from = said as Record<string, unknown>;
  return {
    language: oneOf(LANGUAGES, from.language, usually.language),
    theme: oneOf(THEMES, from.theme, usually.theme),
    sound: yes(from.sound, usually.sound),
    shortcuts: yes(from.shortcuts, usually.shortcuts),
    inPage: yes(from.inPage, usually.inPage),
    microphone: text(from.microphone),
    speaker: text(from.speaker),
    levelWarn: share(from.levelWarn, usually.levelWarn),
    levelAlarm: share(from.levelAlarm, usually.levelAlarm),
  };
}
