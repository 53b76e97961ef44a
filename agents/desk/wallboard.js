// The supervisor's live page: queues and agents now, readable from across the room.
import { now, silentFor } from "./line.js";
import { $, element, run } from "./page.js";
import { clock, span, t, zh } from "./words.js";

const STALE_S = 5;
const STATES = ["ready", "offered", "talking", "held", "wrap_up", "not_ready"];

let queues = [];
let agents = [];

function take(message) {
  if (message.type === "snapshot") ({ queues, agents } = message.floor);
  else if (message.type === "queue_stats") queues = message.queues;
  else if (message.type === "agents_stats") agents = message.agents;
  if (message.type !== "beat") show();
}

const stateOf = (agent) => (agent.activity === "idle" ? agent.status : agent.activity);

function level(one) {
  const all = one.answered + one.abandoned;
  return all ? `${Math.round((100 * one.answered_in_target) / all)}%` : "–";
}

function show() {
  $("queues").replaceChildren();
  for (const one of queues) {
    const row = $("queues").insertRow();
    const share = element("td", level(one), "level number");
    share.append(element("small", `${t("within")} ${one.target_s}${t("seconds")}`));
    row.append(
      element("th", t(one.name)),
      element("td", one.waiting, one.waiting ? "waiting number" : "number"),
      element("td", "", "longest number"),
      share,
      element("td", `${one.ready} / ${one.logged_in}`, "number"),
      element("td", one.answered, "number"),
      element("td", one.abandoned, "number"),
    );
    Object.assign(row, { since: one.longest_since, target: one.target_s });
  }
  const here = agents.filter((agent) => agent.status !== "logged_out");
  $("team").hidden = !here.length;
  $("counts").replaceChildren(...STATES.map((state) => count(state, here.filter((one) => stateOf(one) === state).length)));
  $("people").replaceChildren(...here.map(person));
  tick();
}

function count(state, number) {
  const one = element("p", "", state);
  one.append(element("b", number, "number"), element("span", t(state)));
  return one;
}

function person(agent) {
  const one = element("li", "", stateOf(agent));
  const words = agent.activity === "idle" && agent.reason ? t(agent.reason) : t(stateOf(agent));
  one.append(element("b", zh() ? agent.name : agent.name_en || agent.name), element("span", words), element("time"));
  one.since = agent.since;
  return one;
}

function tick() {
  for (const row of $("queues").rows) {
    const wait = row.since ? now() - row.since : null;
    const cell = row.querySelector(".longest");
    cell.textContent = wait === null ? "–" : span(wait);
    cell.classList.toggle("late", wait > row.target);
  }
  for (const one of $("people").children) one.lastChild.textContent = span(now() - one.since);
  $("clock").textContent = clock(now());
  const stale = !$("page").hidden && silentFor() > STALE_S;
  $("stale").hidden = !stale;
  $("stale").textContent = stale ? t("stale") + span(silentFor()) : "";
  document.body.classList.toggle("stale", stale);
}

$("full_screen").addEventListener("click", () =>
  document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen(),
);
setInterval(tick, 250);

run("wallboard", {
  message: take,
  show,
  out() {
    [queues, agents] = [[], []];
    show();
  },
});
