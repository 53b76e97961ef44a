// What both pages have in common: log-in form, banner, language, log-out.
import * as line from "./line.js";
import { logIn, logOut } from "./session.js";
import { draw, known, switchLanguage, t } from "./words.js";

export const $ = (id) => document.getElementById(id);

export function element(tag, words = "", className = "") {
  const one = document.createElement(tag);
  one.textContent = words;
  one.className = className;
  return one;
}

export const explain = (error) => (known(error.code) ? t(error.code) : error.message || error.text || error.code);

// Words once said are said again in the other language when that is chosen.
let problem = null;
const say = (error) => {
  problem = error;
  $("wrong").textContent = error ? `${explain(error)}${error.retryAfter ? error.retryAfter + t("seconds") : ""}` : "";
};

function inside(is) {
  $("login").hidden = is;
  $("page").hidden = $("leave").hidden = !is;
  if (!is) $("who").focus();
}

export function run(view, { message, show, out }) {
  const start = () =>
    line.open(view, {
      message(one) {
        if (one.type === "snapshot") inside(true);
        message(one);
      },
      away(is) {
        $("banner").hidden = !is;
        document.body.classList.toggle("away", is);
      },
      out: leave,
    });
  const leave = () => {
    line.close();
    $("banner").hidden = true;
    document.body.classList.remove("away");
    out();
    inside(false);
  };
  const redraw = () => {
    draw();
    say(problem);
    show();
  };
  $("login").addEventListener("submit", async (event) => {
    event.preventDefault();
    say(null);
    try {
      await logIn($("who").value, $("secret").value);
      $("secret").value = "";
      start();
    } catch (error) {
      say(error.code ? error : { code: "unreachable" });
      $("secret").select();
    }
  });
  $("leave").addEventListener("click", async () => {
    try {
      await logOut();
      leave();
    } catch (error) {
      if (error.status === 401) leave();
      else $("told").textContent = explain(error.code ? error : { code: "unreachable" });
    }
  });
  $("language").addEventListener("click", () => {
    switchLanguage();
    redraw();
  });
  redraw();
  start();
}
