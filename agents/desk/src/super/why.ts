// The router's reasons in our language, with names instead of numbers.
import { agentName } from "../core/words";
import { chinese, clock, said, saidWith } from "../ui/i18n";
import type { AgentView, WhyLine } from "../wire";

const SECONDS = ["waited_s", "left_s", "in_s"];

function names(ids: string, agents: readonly AgentView[]): string {
  const known = new Map(agents.map((one) => [one.id, agentName(one, chinese.value)]));
  return ids.split(", ").map((id) => known.get(id) ?? id).join(chinese.value ? "、" : ", ");
}

export function worded(line: WhyLine, agents: readonly AgentView[]): string {
  const values = Object.entries(line.values).map(([name, value]): [string, string | number] => {
    if (name === "at") return [name, clock(Number(value))];
    if (name === "queue") return [name, said(String(value))];
    if (name === "agent" || name === "agents") return [name, names(String(value), agents)];
    if (SECONDS.includes(name)) return [name, Math.round(Number(value))];
    return [name, typeof value === "number" ? Math.round(value * 10) / 10 : value];
  });
  return saidWith(`why.${line.code}`, Object.fromEntries(values));
}
