import { createApp } from "vue";
import DeskApp from "./desk/DeskApp.vue";
import "./styles/base.css";
import { i18n } from "./ui/i18n";

createApp(DeskApp).use(i18n).mount("#app");
