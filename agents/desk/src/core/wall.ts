// What a wallboard holds, and every figure on it.
import type { AgentView, QueueView, ServerMessage } from "../wire";
import { shownState, type Shown } from "./desk";

export interface Wall {
  queues: QueueView[];
  agents: AgentView[];
}

export const emptyWall: Wall = { queues: [], agents: [] };

export function takeWall(wall: Wall, message: ServerMessage): Wall {
  if (message.type === "snapshot") return { queues: message.floor.queues, agents: message.floor.agents };
  if (message.type === "queue_stats") return { ...wall, queues: message.queues };
  if (message.type === "agents_stats") return { ...wall, agents: message.agents };
  return wall;
}

// answered in target / (answered + abandoned); null when neither has happened.
export function serviceLevel(queue: Pick<QueueView, "answered" | "answered_in_target" | "abandoned">): number | null {
  const all = queue.answered + queue.abandoned;
  return all ? queue.answered_in_target / all : null;
}

export function abandonment(queue: Pick<QueueView, "answered" | "abandoned">): number | null {
  const all = queue.answered + queue.abandoned;
  return all ? queue.abandoned / all : null;
}

export type Totals = Pick<QueueView, "waiting" | "longest_since" | "answered" | "answered_in_target" | "abandoned">;

export function totals(queues: readonly QueueView[]): Totals {
  const sum = (field: "waiting" | "answered" | "answered_in_target" | "abandoned") =>
    queues.reduce((total, queue) => total + queue[field], 0);
  const since = queues.flatMap((queue) => (queue.longest_since === null ? [] : [queue.longest_since]));
  return {
    waiting: sum("waiting"),
    longest_since: since.length ? Math.min(...since) : null,
    answered: sum("answered"),
    answered_in_target: sum("answered_in_target"),
    abandoned: sum("abandoned"),
  };
}

export const STATES = ["ready", "offered", "talking", "held", "wrap_up", "not_ready"] as const;

export const present = (agents: readonly AgentView[]): AgentView[] =>
  agents.filter((agent) => agent.status !== "logged_out");

export function countByState(agents: readonly AgentView[]): Record<(typeof STATES)[number], number> {
  const counts = { ready: 0, offered: 0, talking: 0, held: 0, wrap_up: 0, not_ready: 0 };
  for (const agent of present(agents)) {
    const state = shownState(agent);
    if (state !== "logged_out") counts[state] += 1;
  }
  return counts;
}

// In the order of the states, the longest in a state first: a place on the screen means something.
export function inOrder(agents: readonly AgentView[]): AgentView[] {
  const rank = (agent: AgentView) => STATES.findIndex((state: Shown) => state === shownState(agent));
  return present(agents).sort((a, b) => rank(a) - rank(b) || a.since - b.since || a.id.localeCompare(b.id));
}
