import { createApp } from "vue";
import "./styles/base.css";
import { i18n } from "./ui/i18n";
import WallApp from "./wall/WallApp.vue";

createApp(WallApp).use(i18n).mount("#app");
