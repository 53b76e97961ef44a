/** The log-in card, the same on the desk and the wallboard. */

import { about, login, refresh } from "./api.js";
import { $, h, show } from "./dom.js";
import { knows, t } from "./words.js";

const DEMO = ["1001", "1002", "1003", "1004", "2001", "9001"];

/** Ask for a log-in until there is one; the person logged in. A page that is loaded again is still logged in. */
export async function whoIsThere(why = "") {
  if (!why) {
    try {
      return await refresh();
    } catch { /* nobody yet */ }
  }
  return new Promise((resolve) => {
    show($("login-page"), true);
    $("login-error").textContent = why && t(why);
    showDemo();
    $("login-form").onsubmit = async (event) => {
      event.preventDefault();
      try {
        const me = await login($("login-id").value.trim(), $("login-password").value);
        $("login-password").value = "";
        show($("login-page"), false);
        resolve(me);
      } catch (error) {
        $("login-error").textContent = knows(error.code) ? t(error.code) : error.message;
      }
    };
  });
}

async function showDemo() {
  const { demo } = await about().catch(() => ({ demo: false }));
  show($("demo"), demo);
  if (!demo || $("demo-people").childElementCount) return;
  for (const id of DEMO) {
    const button = h("button", "chip", id);
    button.type = "button";
    button.addEventListener("click", () => {
      $("login-id").value = id;
      $("login-password").value = "zongji-demo";
    });
    $("demo-people").append(button);
  }
}
