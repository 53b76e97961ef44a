// Element Plus says its own few words in the chosen language.
import { localeContextKey } from "element-plus";
import en from "element-plus/es/locale/lang/en";
import zh from "element-plus/es/locale/lang/zh-cn";
import { computed, provide } from "vue";
import { chinese } from "./i18n";

export const speakOurLanguage = (): void => provide(localeContextKey, computed(() => (chinese.value ? zh : en)));
