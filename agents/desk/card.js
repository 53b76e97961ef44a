/** The call in hand and the customer's record. */

import { h, timer, when } from "./dom.js";
import { knows, nameOf, t } from "./words.js";

/** Which buttons each state of the call has. */
const BUTTONS = {
  ringing: [["answer", "good"], ["hang_up", "bad"]],
  talking: [["hold", ""], ["hang_up", "bad"]],
  held: [["resume", "good"], ["hang_up", "bad"]],
};

export function drawCall(node, me, call, pop, command) {
  const wrapping = me?.activity === "wrap_up";
  const phase = call?.state ?? (me?.activity === "offered" ? "ringing" : wrapping ? "wrap_up" : "quiet");
  node.className = `card call ${phase}`;
  if (phase === "quiet") {
    node.replaceChildren(h("div", "who", h("strong", "", t("no_call")),
      h("span", "soft", t(me?.status === "ready" ? "no_call_ready" : "no_call_not"))));
    return;
  }
  const wanted = BUTTONS[phase] ?? [["finish_wrap_up", "good"]];
  const buttons = wanted.map(([name, kind]) => button(name, kind, command));
  const clock = phase === "wrap_up" && me.until ? { until: me.until } : { since: call?.since ?? me.since };
  node.replaceChildren(
    h("span", "phase", t(phase)),
    h("div", "who", h("strong", "", call?.number || pop?.number || ""), h("span", "soft", t(call?.queue || pop?.queue || ""))),
    timer("big", clock),
    h("div", "buttons", ...buttons));
}

function button(name, kind, command) {
  const node = h("button", kind, t(name));
  node.addEventListener("click", async () => {
    node.disabled = true;
    await command(name);
    node.disabled = false;
  });
  return node;
}

export function drawCustomer(node, pop) {
  node.hidden = !pop;
  if (!pop) return;
  const customer = pop.customer;
  node.replaceChildren(customer ? heading(customer) : stranger(pop), facts(pop, customer), ...sections(pop, customer));
}

function heading(customer) {
  const other = [customer.name_zh, customer.name_en].filter((name) => name && name !== nameOf(customer)).join(" ");
  return h("header", "", h("h1", "", nameOf(customer)), h("span", "other-name", other),
    customer.tier ? h("span", `tier ${customer.tier}`, t(customer.tier)) : null);
}

const stranger = (pop) =>
  h("header", "", h("h1", "", pop.caller_name || t("unknown")), h("span", "other-name", t("unknown_hint")));

function facts(pop, customer) {
  const pairs = [
    ["number", pop.number], ["queue", t(pop.queue)], ["waited", `${Math.round(pop.waited_s)} s`],
    ["language", t(pop.language || customer?.language || "")], ["manager", customer?.manager], ["customer_no", customer?.id],
    ["notes", customer?.notes],
  ];
  return list(pairs);
}

function list(pairs) {
  const filled = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return h("dl", "facts", ...filled.map(([key, value]) => h("div", "", h("dt", "", t(key)), h("dd", "", String(value)))));
}

function sections(pop, customer) {
  const made = [];
  const data = Object.entries(pop.data ?? {});
  if (data.length) made.push(section("collected", list(data)));
  if (customer?.accounts?.length) made.push(section("accounts", h("div", "chips", ...customer.accounts.map(account))));
  if (customer?.recent?.length) made.push(section("recent", h("ul", "timeline", ...customer.recent.map(contact))));
  if (pop.ivr_path?.length) made.push(section("path", h("p", "path", pop.ivr_path.join("  ›  "))));
  return made;
}

const section = (title, body) => h("section", "", h("h2", "", t(title)), body);

function account(value) {
  if (typeof value !== "object") return h("span", "chip", String(value));
  const rest = [value.kind, value.status].filter(Boolean).map((word) => (knows(word) ? t(word) : word)).join(" · ");
  return h("span", "chip", h("b", "", value.number ?? ""), rest && ` ${rest}`);
}

function contact(past) {
  const how = [past.channel && t(past.channel), past.agent_id ?? past.agent].filter(Boolean).join(" · ");
  return h("li", "", h("span", "at", when(past.at)), h("span", "", past.summary ?? ""), h("span", "soft", how));
}
