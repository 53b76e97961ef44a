/** The supervisor's wall: every queue and, for those who may see them, every agent. */

import { logout } from "./api.js";
import { $, h, serverNow, show, tick, timer } from "./dom.js";
import { Line } from "./line.js";
import { whoIsThere } from "./session.js";
import { nameOf, onLanguage, t, wireLanguageButtons } from "./words.js";

const state = { who: null, queues: [], agents: [] };
let line = null;
const ORDER = ["talking", "held", "offered", "wrap_up", "ready", "not_ready", "logged_out"];
const fact = (agent) => (agent.activity === "idle" ? agent.status : agent.activity);

function hear(message) {
  if (message.type === "snapshot") {
    state.queues = message.floor.queues;
    state.agents = message.floor.agents;
  } else if (message.type === "queue_stats") state.queues = message.queues;
  else if (message.type === "agents_stats") state.agents = message.agents;
  draw();
}

function draw() {
  $("queue-cards").replaceChildren(...state.queues.map(queueCard));
  const agents = state.agents.toSorted((a, b) => ORDER.indexOf(fact(a)) - ORDER.indexOf(fact(b)) || a.id.localeCompare(b.id));
  const visible = ["supervisor", "administrator"].includes(state.who?.role);
  $("agent-cards").replaceChildren(...(visible ? agents.map(agentCard) : [h("p", "hint", t("supervisors_only"))]));
  const targets = [...new Set(state.queues.map((queue) => queue.target_s))].join(" / ");
  $("formula").textContent = t("formula", { s: targets });
}

function queueCard(queue) {
  const asked = queue.answered + queue.abandoned;
  const level = asked ? Math.round((100 * queue.answered_in_target) / asked) : null;
  const longest = queue.longest_since === null ? h("span", "timer", "–") : timer("", { since: queue.longest_since });
  if (queue.longest_since !== null) longest.dataset.warn = queue.target_s;
  const node = h("article", `queue-card ${queue.waiting ? "some" : ""}`,
    h("h2", "", t(queue.name)),
    h("div", "waiting", h("b", "", String(queue.waiting)), h("span", "", t("waiting"))),
    h("div", "longest", longest, h("span", "", t("longest"))),
    h("div", "meter", bar(level)),
    h("div", "small", pair("level", level === null ? "–" : `${level}%`), pair("free", `${queue.ready}/${queue.logged_in}`),
      pair("answered", queue.answered), pair("abandoned", queue.abandoned)));
  return node;
}

function bar(level) {
  const node = document.createElement("progress");
  node.max = 100;
  node.value = level ?? 0;
  node.className = level === null ? "" : level >= 80 ? "good" : level >= 60 ? "fair" : "poor";
  return node;
}

const pair = (key, value) => h("div", "", h("b", "", String(value)), h("span", "", t(key)));

function agentCard(agent) {
  const now = fact(agent);
  const reason = now === "not_ready" && agent.reason ? ` · ${t(agent.reason)}` : "";
  const away = agent.status === "logged_out" ? "" : !agent.connected ? t("page_offline") : !agent.reachable ? t("phone_offline") : "";
  return h("article", `agent-card ${now}`,
    h("div", "line", h("strong", "", nameOf(agent)), h("span", "soft", agent.id)),
    h("div", "line", h("span", "", t(now) + reason), agent.status === "logged_out" ? null : timer("", { since: agent.since })),
    h("div", "line soft", h("span", "", agent.queue ? t(agent.queue) : ""), h("span", "away", away)));
}

function showClock() {
  const now = new Date(serverNow() * 1000);
  $("clock").textContent = now.toLocaleTimeString(document.documentElement.lang, { hour12: false });
}

async function run(why = "") {
  show($("board-page"), false);
  state.who = await whoIsThere(why);
  show($("board-page"), true);
  line = new Line({
    view: "wallboard", on: hear, onState: (up) => show($("banner"), !up), onOut: () => run("session_over"),
  });
  line.open();
}

$("logout").addEventListener("click", async () => {
  await logout().catch(() => {});
  line.close();
  location.reload();
});
wireLanguageButtons();
onLanguage(draw);
setInterval(() => { tick(); showClock(); }, 500);
run();
