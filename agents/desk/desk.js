/** The agent's page: the state of things in one object, drawn whole after every message. */

import { api, logout } from "./api.js";
import { drawCall, drawCustomer } from "./card.js";
import { $, h, show, tick, timer, when } from "./dom.js";
import { Line } from "./line.js";
import { whoIsThere } from "./session.js";
import { applyWords, knows, nameOf, onLanguage, t, wireLanguageButtons } from "./words.js";

const state = { who: null, me: null, pops: new Map(), calls: new Map(), queues: [], reasons: [], history: [], up: false };
let line = null;

const HEAR = {
  snapshot: (message) => {
    state.me = message.me;
    state.queues = message.floor.queues;
    state.reasons = message.reasons;
    state.pops = new Map(message.pops.map((pop) => [pop.call_id, pop]));
    state.calls = new Map(message.calls.map((call) => [call.call_id, call]));
    loadHistory();
  },
  agent_state: ({ agent }) => { state.me = agent; },
  pop: (pop) => {
    for (const old of state.pops.keys()) if (!state.calls.has(old) || state.calls.get(old).state === "ended") state.pops.delete(old);
    state.pops.set(pop.call_id, pop);
  },
  pop_closed: ({ call_id }) => {
    if (state.pops.delete(call_id)) toast("info", t("pop_closed"));
  },
  call_state: (call) => {
    if (call.state === "ended") {
      state.calls.delete(call.call_id);
      setTimeout(loadHistory, 800);
    } else state.calls.set(call.call_id, call);
  },
  queue_stats: ({ queues }) => { state.queues = queues; },
  toast: ({ level, code, text }) => toast(level, knows(code) ? t(code) : text || code),
};

function hear(message) {
  HEAR[message.type]?.(message);
  draw();
  const shown = message.type === "pop" ? [message] : message.type === "snapshot" ? message.pops : [];
  // After the next paint, so that "shown" means that a person could read it.
  if (shown.length) requestAnimationFrame(() => setTimeout(() => shown.forEach(tellShown)));
}

const tellShown = ({ call_id }) => line?.say({ type: "pop_shown", call_id, at: Date.now() / 1000 });

async function loadHistory() {
  state.history = (await api("GET", "/api/calls?limit=8").catch(() => ({ calls: state.history }))).calls;
  drawHistory();
}

async function command(name, args) {
  try {
    await line.command(name, args);
  } catch (error) {
    toast("error", knows(error.code) ? t(error.code) : error.message);
  }
}

function toast(level, text) {
  const node = h("div", `toast ${level}`, text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}

const latest = (map) => [...map.values()].at(-1) ?? null;

function draw() {
  const call = latest(state.calls);
  const pop = (call && state.pops.get(call.call_id)) || latest(state.pops);
  drawStatus();
  drawCall($("call"), state.me, call, pop, command);
  drawCustomer($("customer"), pop);
  drawQueues();
}

function drawStatus() {
  const me = state.me;
  const wish = me?.pending ?? me?.status;
  $("my-name").textContent = state.who ? `${nameOf(state.who)} ${state.who.id}` : "";
  $("go-ready").setAttribute("aria-pressed", String(wish === "ready"));
  $("go-not-ready").setAttribute("aria-pressed", String(wish === "not_ready"));
  for (const button of [$("go-ready"), $("go-not-ready")]) button.disabled = !state.up || !me;
  const node = $("my-state");
  node.replaceChildren();
  if (!me) return;
  const fact = me.activity === "idle" ? me.status : me.activity;
  const reason = fact === "not_ready" && me.reason ? ` · ${t(me.reason)}` : "";
  node.append(h("span", `dot ${fact}`), h("span", "", t(fact) + reason), timer("", { since: me.since }));
  if (me.pending) {
    const why = me.pending_reason ? ` · ${t(me.pending_reason)}` : "";
    node.append(h("span", "pending", `${t("next")} ${t(me.pending)}${why}`));
  }
}

function drawReasons() {
  $("reasons").replaceChildren(h("p", "hint", t("reason")), ...state.reasons.map((reason) => {
    const button = h("button", "", t(reason));
    button.addEventListener("click", () => {
      openReasons(false);
      command("set_status", { status: "not_ready", reason });
    });
    return button;
  }));
}

function openReasons(open) {
  if (open) drawReasons();
  show($("reasons"), open);
  $("go-not-ready").setAttribute("aria-expanded", String(open));
}

function drawQueues() {
  const rows = state.queues.map((queue) => h("tr", queue.waiting ? "some" : "",
    h("td", "", t(queue.name)), h("td", "figure", String(queue.waiting)),
    h("td", "figure", queue.longest_since === null ? "–" : timer("", { since: queue.longest_since })),
    h("td", "figure", `${queue.ready}/${queue.logged_in}`)));
  const head = h("tr", "", ...["queue", "waiting", "longest", "free"].map((key, i) => h("th", i ? "figure" : "", t(key))));
  $("queues").replaceChildren(h("table", "", head, ...rows));
}

function drawHistory() {
  const rows = state.history.map((call) => h("li", "",
    h("span", "at", when(call.arrived_at)), h("span", "number", call.caller_number ?? call.number ?? ""),
    h("span", "soft", t(call.queue ?? ""))));
  $("my-calls").replaceChildren(rows.length ? h("ul", "history", ...rows) : h("p", "hint", t("none")));
}

async function run(why = "") {
  show($("desk-page"), false);
  state.who = await whoIsThere(why);
  Object.assign(state, { me: null, pops: new Map(), calls: new Map() });
  show($("desk-page"), true);
  line = new Line({
    on: hear,
    onState: (up) => { state.up = up; show($("banner"), !up); drawStatus(); },
    onOut: () => run("session_over"),
  });
  draw();
  line.open();
}

$("go-ready").addEventListener("click", () => command("set_status", { status: "ready" }));
$("go-not-ready").addEventListener("click", () => openReasons($("reasons").hidden));
document.addEventListener("click", (event) => { if (!event.target.closest(".menu")) openReasons(false); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") openReasons(false); });
$("logout").addEventListener("click", async () => {
  try {
    await logout();
    line.close();
    location.reload();
  } catch (error) {
    toast("error", error.message);
  }
});
wireLanguageButtons();
onLanguage(() => { draw(); drawHistory(); applyWords(); });
setInterval(tick, 500);
run();
