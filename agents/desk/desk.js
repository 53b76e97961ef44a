// The agent's page: state and timer, what can be done now, who is calling.
import { drawCard, nameOf } from "./card.js";
import { command, now, shown } from "./line.js";
import { $, element, explain, run } from "./page.js";
import { span, t, zh } from "./words.js";

const TOAST_MS = 8000;
const REASONS = ["break", "lunch", "meeting", "training", "paperwork"];
const POSSIBLE = {
  hold: ["talking"],
  resume: ["held"],
  hang_up: ["talking", "held"],
  finish_wrap_up: ["wrap_up"],
};

let me = null;
let pop = null;
let queues = [];
let error = null;

function take(message) {
  if (message.type === "snapshot") {
    me = message.me;
    queues = message.floor.queues;
    const newest = message.pops.at(-1) ?? null;
    if (newest?.call_id !== pop?.call_id) present(newest);
  } else if (message.type === "agent_state") me = message.agent;
  else if (message.type === "queue_stats") queues = message.queues;
  else if (message.type === "pop") present(message);
  else if (message.type === "pop_closed" && pop?.call_id === message.call_id) present(null);
  else if (message.type === "toast") toast(message);
  if (message.type !== "beat") show();
}

// Tells the server when the record has been painted: after the frame that follows.
function present(record) {
  pop = record;
  drawCard(pop);
  if (pop) requestAnimationFrame(() => requestAnimationFrame(() => shown(record.call_id)));
}

function toast(message) {
  const one = element("p", explain(message), `toast ${message.level}`);
  $("toasts").append(one);
  setTimeout(() => one.remove(), TOAST_MS);
}

const worded = (status, reason) => (reason ? `${t(status)} · ${t(reason)}` : t(status));

function show() {
  $("me").textContent = me ? `${me.id} ${(!zh() && me.name_en) || me.name}` : "";
  $("told").textContent = error ? explain(error) : "";
  const busy = me && me.activity !== "idle";
  const state = !me ? "" : busy ? me.activity : me.status;
  document.body.dataset.state = state;
  $("activity").textContent = !me ? t("not_for_agents") : busy ? t(state) : worded(me.status, me.reason);
  $("hint").textContent = hint(busy);
  for (const one of document.querySelectorAll("[data-status]")) {
    const [status, reason] = one.dataset.status.split(" ");
    const wish = me?.pending ? [me.pending, me.pending_reason] : [me?.status, me?.reason];
    one.setAttribute("aria-pressed", wish[0] === status && (reason ?? null) === (wish[1] ?? null));
    one.disabled = !me;
  }
  for (const [name, when] of Object.entries(POSSIBLE)) $(name).disabled = !me || !when.includes(me.activity);
  document.title = pop && busy ? `☎ ${nameOf(pop)}` : t("title");
  showQueues();
  tick();
}

function hint(busy) {
  if (!me) return "";
  if (me.pending) return t("afterwards") + worded(me.pending, me.pending_reason);
  if (me.activity === "offered") return t("pick_up");
  return me.status === "ready" && !busy && !me.reachable ? t("unreachable_phone") : "";
}

function showQueues() {
  $("queues").replaceChildren();
  for (const one of queues) {
    const row = $("queues").insertRow();
    row.append(element("th", t(one.name)), element("td", one.waiting, "number"), element("td", "", "number"));
    row.since = one.longest_since;
  }
}

function tick() {
  const counted = me?.until && me.activity !== "offered" ? me.until - now() : now() - (me?.since ?? now());
  $("timer").textContent = me ? span(counted) : "";
  for (const row of $("queues").rows) row.lastChild.textContent = row.since ? span(now() - row.since) : "–";
}

async function ask(name, args) {
  error = null;
  const answer = await command(name, args);
  error = answer.ok ? null : answer.error;
  show();
}

function statusButton(status, reason) {
  const one = element("button");
  one.type = "button";
  one.dataset.t = reason ?? status;
  one.dataset.status = reason ? `${status} ${reason}` : status;
  one.addEventListener("click", () => ask("set_status", reason ? { status, reason } : { status }));
  return one;
}

$("statuses").append(statusButton("ready"), ...REASONS.map((reason) => statusButton("not_ready", reason)));
for (const name of Object.keys(POSSIBLE)) $(name).addEventListener("click", () => ask(name));
setInterval(tick, 250);

run("desk", {
  message: take,
  show() {
    drawCard(pop);
    show();
  },
  out() {
    [me, pop, queues, error] = [null, null, [], null];
    drawCard(null);
    show();
  },
});
