// Durations and names as they are written; no language in here.
import type { AgentView, Pop } from "../wire";

// Seconds as 1:05 or 1:02:05; never below zero.
export function span(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

// What is left; beyond the end what it is over by.
export const left = (seconds: number): string => (seconds < 0 ? `+${span(-seconds)}` : span(seconds));

export const percent = (share: number | null): string => (share === null ? "–" : `${Math.round(100 * share)}%`);

export const agentName = (agent: Pick<AgentView, "name" | "name_en">, chinese: boolean): string =>
  (!chinese && agent.name_en) || agent.name;

// The name to say first, and the one to stand beside it. Null where the customer is unknown.
export function customerNames(pop: Pop, chinese: boolean): [string | null, string | null] {
  if (!pop.customer) return [pop.caller_name || null, null];
  const both = [pop.customer.name, pop.customer.name_en].filter((one): one is string => Boolean(one));
  const [first = null, second = null] = chinese ? both : both.reverse();
  return [first, second];
}
