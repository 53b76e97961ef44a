import { createApp } from "vue";
import "./styles/base.css";
import SuperApp from "./super/SuperApp.vue";
import { i18n } from "./ui/i18n";

createApp(SuperApp).use(i18n).mount("#app");
