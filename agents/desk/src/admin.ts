import { createApp } from "vue";
import "./styles/base.css";
import AdminApp from "./admin/AdminApp.vue";
import { i18n } from "./ui/i18n";

createApp(AdminApp).use(i18n).mount("#app");
