import { now, start } from "./line.js";
import { draw, span, switchLanguage, t } from "./words.js";
const $ = (id) => document.getElementById(id);
let queues = [], agents = [], heard = 0;
function cells(row, values) { for (const [words, className] of values) { const one = row.insertCell(); one.textContent = words; one.className = className ?? ""; } }
function show() {
  draw();
  $("queues").replaceChildren();
  for (const one of queues) {
    const all = one.answered + one.abandoned, wait = one.longest_since ? now() - one.longest_since : 0;
    cells($("queues").insertRow(), [[t(one.name)], [one.waiting, "big"], [span(wait), wait > one.target_s ? "bad" : ""], [`${one.ready} / ${one.logged_in}`], [one.answered], [one.abandoned], [all ? `${Math.round((100 * one.answered_in_target) / all)} %` : "–"]]);
  }
  $("people").replaceChildren();
  for (const one of agents.filter((agent) => agent.status !== "logged_out")) cells($("people").insertRow(), [[`${one.id} ${one.name}`], [one.activity === "idle" ? t(one.status) : t(one.activity), one.status === "ready" ? "good" : ""], [one.reason ? t(one.reason) : ""], [span(now() - one.since)]]);
}
start("wallboard", (message) => {
  heard = Date.now();
  if (message.type === "snapshot") { queues = message.floor.queues; agents = message.floor.agents; }
  else if (message.type === "queue_stats") queues = message.queues;
  else if (message.type === "agents_stats") agents = message.agents;
  show();
});
$("language").addEventListener("click", () => { switchLanguage(); show(); });
setInterval(show, 1000);
show();
