// What a supervisor's page holds, and what is picked out of it. Messages go in with the time, a new state comes out.
import type { AgentView, Listening, QueueView, ServerMessage, Member, WaitingView } from "../wire";
import { shownState, TOAST_MS, type Shown, type ShownToast } from "./desk";
import { STATES } from "./wall";

export interface Supervision {
  queues: QueueView[];
  agents: AgentView[];
  waiting: WaitingView[];
  reasons: string[];
  listening: Listening | null;
  toasts: ShownToast[];
}

export const nothingYet: Supervision = {
  queues: [], agents: [], waiting: [], reasons: [], listening: null, toasts: [],
};

export function takeSupervision(state: Supervision, message: ServerMessage, nowMs: number): Supervision {
  switch (message.type) {
    case "snapshot":
      return {
        ...state, queues: message.floor.queues, agents: message.floor.agents, reasons: message.reasons,
        listening: message.listening,
      };
    case "queue_stats":
      return { ...state, queues: message.queues };
    case "agents_stats":
      return { ...state, agents: message.agents };
    case "waiting":
      return { ...state, waiting: message.contacts };
    case "listening":
      return { ...state, listening: message.state === "ended" ? null : message };
    case "toast":
      return { ...state, toasts: [...state.toasts, { id: message.seq, toast: message, untilMs: nowMs + TOAST_MS }] };
    default:
      return state;
  }
}

export const SORTS = ["state", "name", "time"] as const;
export type Sort = (typeof SORTS)[number];
export type StateFilter = "present" | "all" | Exclude<Shown, "logged_out">;

export interface Pick {
  queue: string; // "" is all
  state: StateFilter;
  words: string; // part of a name or a number
  sort: Sort;
}

export const everybody: Pick = { queue: "", state: "present", words: "", sort: "state" };

// Whom a queue's contacts may go to, as far as it is known: by what they serve, and by what they have at hand.
export type Members = Readonly<Record<string, Member>>;
const servesQueue = (agent: AgentView, queue: string, staff: Members): boolean =>
  agent.queue === queue || (staff[agent.id]?.serves.includes(queue) ?? false);

function wanted(agent: AgentView, pick: Pick, staff: Members): boolean {
  if (pick.queue && !servesQueue(agent, pick.queue, staff)) return false;
  const state = shownState(agent);
  if (pick.state === "present" ? state === "logged_out" : pick.state !== "all" && state !== pick.state) return false;
  const words = pick.words.trim().toLowerCase();
  return !words || [agent.id, agent.name, agent.name_en].some((one) => one.toLowerCase().includes(words));
}

const rank = (agent: AgentView): number => {
  const at = STATES.findIndex((state: Shown) => state === shownState(agent));
  return at < 0 ? STATES.length : at;
};
const byId = (a: AgentView, b: AgentView): number => a.id.localeCompare(b.id, "en", { numeric: true });
const ORDER: Record<Sort, (a: AgentView, b: AgentView) => number> = {
  state: (a, b) => rank(a) - rank(b) || a.since - b.since || byId(a, b),
  name: byId,
  time: (a, b) => a.since - b.since || byId(a, b),
};

export const picked = (agents: readonly AgentView[], pick: Pick, staff: Members): AgentView[] =>
  agents.filter((agent) => wanted(agent, pick, staff)).sort(ORDER[pick.sort]);

// The next in the list, for the arrow keys; the first when nobody is chosen yet.
export function step(agents: readonly AgentView[], chosen: string | null, by: number): string | null {
  const at = agents.findIndex((agent) => agent.id === chosen);
  const next = at < 0 ? 0 : Math.min(agents.length - 1, Math.max(0, at + by));
  return agents[next]?.id ?? null;
}

export const ACTIONS = ["listen", "whisper", "barge", "take_over", "message", "skills", "force", "log_out"] as const;
export type Action = (typeof ACTIONS)[number];

const IN_CALL = ["talking", "held"];

// What can be done to an agent as they are now; the server has the last word.
export function possible(action: Action, agent: AgentView | null): boolean {
  if (!agent) return false;
  const inside = agent.status !== "logged_out";
  switch (action) {
    case "listen":
    case "whisper":
    case "barge":
    case "take_over":
      return IN_CALL.includes(agent.activity);
    case "log_out":
      return inside && !IN_CALL.includes(agent.activity) && agent.activity !== "offered";
    case "force":
      return inside;
    default:
      return true;
  }
}
