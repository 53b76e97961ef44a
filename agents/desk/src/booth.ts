import { createApp } from "vue";
import BoothApp from "./booth/BoothApp.vue";
import "./styles/base.css";
import { i18n } from "./ui/i18n";

createApp(BoothApp).use(i18n).mount("#app");
