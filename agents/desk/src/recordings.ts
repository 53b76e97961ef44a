import { createApp } from "vue";
import "./styles/base.css";
import RecordingsApp from "./quality/RecordingsApp.vue";
import { i18n } from "./ui/i18n";

createApp(RecordingsApp).use(i18n).mount("#app");
