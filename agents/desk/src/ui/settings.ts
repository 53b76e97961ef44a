// The settings of this browser, live: theme and language follow at once.
import { reactive, watch } from "vue";
import { readSettings, usualSettings } from "../core/settings";

const KEPT = "zongji.settings";

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // storage may be forbidden; the page works without
  }
}

export const settings = reactive(readSettings(kept(), usualSettings(navigator.language)));

watch(
  () => ({ ...settings }),
  (chosen) => {
    try {
      localStorage.setItem(KEPT, JSON.stringify(chosen));
    } catch {
      return;
    }
  },
);

const systemDark = matchMedia("(prefers-color-scheme: dark)");

function paint(): void {
  const dark = settings.theme === "dark" || (settings.theme === "auto" && systemDark.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

watch(() => settings.theme, paint, { immediate: true });
systemDark.addEventListener("change", paint);
