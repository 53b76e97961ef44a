// Words in the chosen language. `t` takes only keys that are in the catalogues; `said` is for codes from the server.
import { createI18n } from "vue-i18n";
import { computed, watch } from "vue";
import en from "../locales/en.json";
import zh from "../locales/zh-CN.json";
import type { Problem, Toast } from "../wire";
import { settings } from "./settings";

type Leaves<T, Path extends string = ""> = {
  [Key in keyof T & string]: T[Key] extends string ? `${Path}${Key}` : Leaves<T[Key], `${Path}${Key}.`>;
}[keyof T & string];
export type Key = Exclude<Leaves<typeof zh>, `server.${string}`>;

export const i18n = createI18n({
  legacy: false,
  locale: settings.language,
  fallbackLocale: "en",
  messages: { "zh-CN": zh, en: en as typeof zh },
});
const { global } = i18n;

watch(
  () => settings.language,
  (language) => {
    global.locale.value = language;
    document.documentElement.lang = language;
  },
  { immediate: true },
);

export const chinese = computed(() => settings.language === "zh-CN");

export const t = (key: Key, values: Record<string, string | number> = {}): string => global.t(key, values);

// A word of the server, or of the house's own settings (a queue's name): in our language if we know it, else as it is.
export function said(code: string | null | undefined): string {
  if (!code) return "";
  const key = `server.${code}`;
  return global.te(key, "en") ? global.t(key) : code;
}

export function saidWith(code: string, values: Record<string, string | number>): string {
  const key = `server.${code}`;
  return global.te(key, "en") ? global.t(key, values) : code;
}

export function explain(problem: Pick<Problem, "code"> & Partial<Problem> & Partial<Pick<Toast, "text">>): string {
  const known = global.te(`server.${problem.code}`, "en");
  return known ? said(problem.code) : problem.message || problem.text || problem.code;
}

export const date = (at: number): string =>
  new Date(at * 1000).toLocaleDateString(chinese.value ? "zh-CN" : "en-GB", {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
export const clock = (at: number): string => new Date(at * 1000).toLocaleTimeString("en-GB");
export const shortClock = (at: number): string =>
  new Date(at * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
