import { command, logOut, now, shown, start } from "./line.js";
import { draw, span, switchLanguage, t } from "./words.js";
const $ = (id) => document.getElementById(id);
let me = null, pop = null;
function text(tag, words, className = "") { const one = document.createElement(tag); one.textContent = words; one.className = className; return one; }
function show() {
  draw();
  if (me) {
    $("activity").textContent = me.activity === "idle" ? t(me.status) + (me.reason ? ` · ${t(me.reason)}` : "") : t(me.activity);
    $("me").textContent = `${me.id} ${me.name}`;
    for (const [id, when] of [["hang_up", ["talking", "held"]], ["hold", ["talking"]], ["resume", ["held"]], ["finish_wrap_up", ["wrap_up"]]]) $(id).disabled = !when.includes(me.activity);
  }
  const card = $("card"); card.replaceChildren();
  if (!pop) return card.append(text("p", t("nobody"), "soft"));
  const who = pop.customer;
  card.append(text("p", who ? who.name : t("unknown"), "big"), text("p", who ? `${who.name_en} · ${who.tier}` : pop.caller_name, "soft"));
  const rows = [["number", pop.number], ["queue", t(pop.queue)], ["waited", span(pop.waited_s)], ["account", pop.data.account || who?.accounts?.join(" ") || ""], ["path", pop.ivr_path.join(" › ")]];
  const table = document.createElement("table");
  for (const [key, value] of rows) { const row = document.createElement("tr"); row.append(text("th", t(key)), text("td", value)); table.append(row); }
  card.append(table);
  if (who?.recent?.length) card.append(text("h2", t("recent")), ...who.recent.map((one) => text("p", `${new Date(one.at * 1000).toLocaleDateString()} ${one.summary}`)));
}
start("desk", (message) => {
  if (message.type === "snapshot") { me = message.me; pop = message.pops.at(-1) ?? null; }
  else if (message.type === "agent_state") me = message.agent;
  else if (message.type === "pop") { pop = message; show(); shown(pop.call_id); document.title = `☎ ${pop.customer?.name ?? pop.number}`; return; }
  else if (message.type === "pop_closed" && pop?.call_id === message.call_id) { pop = null; document.title = t("title"); }
  else if (message.type === "answer") { $("told").textContent = message.ok ? "" : message.error.message; return; }
  show();
});
for (const name of ["hang_up", "hold", "resume", "finish_wrap_up"]) $(name).addEventListener("click", () => command(name));
$("ready").addEventListener("click", () => command("set_status", { status: "ready" }));
$("reason").addEventListener("change", () => { command("set_status", { status: "not_ready", reason: $("reason").value }); $("reason").selectedIndex = 0; });
$("language").addEventListener("click", () => { switchLanguage(); show(); });
$("leave").addEventListener("click", logOut);
setInterval(() => { if (me) $("timer").textContent = span(me.activity === "wrap_up" && me.until ? me.until - now() : now() - me.since); }, 250);
show();
