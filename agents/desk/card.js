// The customer's card: who is calling, drawn as text only.
import { $, element } from "./page.js";
import { day, span, t, zh } from "./words.js";

export function drawCard(pop) {
  $("card").replaceChildren(...(pop ? parts(pop) : [element("p", t("nobody"), "name"), element("p", t("nobody_hint"), "soft")]));
}

export const nameOf = (pop) => names(pop)[0];

function names({ customer, caller_name }) {
  if (!customer) return [caller_name || t("unknown"), caller_name ? t("unknown") : ""];
  const both = [customer.name, customer.name_en].filter(Boolean);
  return zh() ? both : both.reverse();
}

function parts(pop) {
  const { customer, data } = pop;
  const [first, second = ""] = names(pop);
  const head = element("div", "", "row");
  head.append(element("p", first, "name"), element("p", second, "second"));
  if (customer?.tier) head.append(element("span", t(customer.tier), `tier ${customer.tier}`));
  const facts = {
    number: pop.number,
    account: data.account || customer?.accounts?.join("  "),
    queue: t(pop.queue),
    waited: span(pop.waited_s),
    spoken: t(pop.language || customer?.language || ""),
    manager: customer?.manager,
    path: pop.ivr_path.join(" › "),
    notes: customer?.notes,
  };
  const list = element("dl");
  for (const [key, value] of Object.entries(facts)) {
    if (!value) continue;
    const fact = element("div", "", key);
    fact.append(element("dt", t(key)), element("dd", value));
    list.append(fact);
  }
  return [head, list, ...recent(customer?.recent ?? [])];
}

function recent(contacts) {
  if (!contacts.length) return [];
  const table = element("table");
  for (const one of contacts) {
    const row = table.insertRow();
    row.append(element("td", day(one.at), "number"), element("td", t(one.channel)), element("td", one.summary));
  }
  return [element("h2", t("recent")), table];
}
