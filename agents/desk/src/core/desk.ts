// What an agent's page holds. Messages go in with the time, a new state comes out; nothing else changes it.
import type { Activity, AgentView, CallState, MissedOffer, Pop, QueueDispositions, QueueView, ServerMessage, Status, Toast, WrittenUp } from "../wire";

export const TOAST_MS = 8000;
const READING_MS_A_LETTER = 120; // what a supervisor writes is as long as it is
const MISSED_KEPT = 20;

export interface Missed {
  callId: string;
  at: number;
  number: string;
  queue: string;
  reason: string;
  name: string;
}

export interface ShownToast {
  id: number;
  toast: Toast;
  untilMs: number;
}

export interface Desk {
  me: AgentView | null;
  reasons: string[];
  queues: QueueView[];
  pop: Pop | null;
  call: CallState | null; // the call the agent has a part in
  popsDrawn: number; // rises with each record that is to be drawn
  talked: string | null; // the call that came to talking: its record does not count as missed
  missed: Missed[];
  toasts: ShownToast[];
  dispositions: QueueDispositions[];
  written: WrittenUp[]; // as the server last said it
  showAs: string[]; // numbers that may be shown when dialling out
  extras: number; // so many times wrap-up may be made longer
  cause: string; // why the last call or third was not reached
  callsEnded: number; // rises when the day's figures are worth asking for again
}

export const toastMs = (toast: Toast): number => TOAST_MS + (toast.sender ? toast.text.length * READING_MS_A_LETTER : 0);

export const emptyDesk: Desk = {
  me: null,
  reasons: [],
  queues: [],
  pop: null,
  call: null,
  popsDrawn: 0,
  talked: null,
  missed: [],
  toasts: [],
  dispositions: [],
  written: [],
  showAs: [],
  extras: 0,
  cause: "",
  callsEnded: 0,
};

const present = (desk: Desk, pop: Pop | null): Desk => ({
  ...desk,
  pop,
  popsDrawn: pop ? desk.popsDrawn + 1 : desk.popsDrawn,
});

export function takeDesk(desk: Desk, message: ServerMessage, nowMs: number): Desk {
  switch (message.type) {
    case "snapshot": {
      const { me, reasons, floor } = message;
      const newest = message.pops.at(-1) ?? null;
      const call = message.calls.at(-1) ?? null;
      const next = talking({ ...desk, me, reasons, queues: floor.queues, call, showAs: message.show_as, extras: message.wrapup_extras, dispositions: message.dispositions, written: message.written }, me);
      return newest?.call_id === desk.pop?.call_id ? next : present(next, newest);
    }
    case "agent_state":
      return talking({ ...desk, me: message.agent }, message.agent);
    case "queue_stats":
      return { ...desk, queues: message.queues };
    case "pop":
      return present(desk, message);
    case "pop_closed":
      return closed(desk, message.call_id, message.reason, message.at);
    case "call_state":
      if (message.state === "ended")
        return { ...desk, call: null, cause: message.cause, callsEnded: desk.callsEnded + 1 };
      return { ...desk, cause: message.cause, call: message, talked: message.state === "ringing" ? desk.talked : message.call_id };
    case "written_up":
      return { ...desk, written: [...desk.written.filter((one) => one.call_id !== message.call_id), message] };
    case "toast": {
      const shown = { id: message.seq, toast: message, untilMs: nowMs + toastMs(message) };
      return { ...desk, toasts: [...desk.toasts, shown] };
    }
    default:
      return desk;
  }
}

function talking(desk: Desk, me: AgentView | null): Desk {
  const spoke = me !== null && (me.activity === "talking" || me.activity === "held");
  return spoke && me.call_id ? { ...desk, talked: me.call_id } : desk;
}

function closed(desk: Desk, callId: string, reason: string, at: number): Desk {
  const pop = desk.pop;
  if (pop?.call_id !== callId) return desk;
  const gone = present(desk, null);
  if (reason === "done" || desk.talked === callId) return gone;
  const name = pop.customer?.name ?? pop.caller_name;
  const missed: Missed = { callId, at, number: pop.number, queue: pop.queue, reason, name };
  return { ...gone, missed: [missed, ...desk.missed].slice(0, MISSED_KEPT) };
}

const SAME_S = 10; // one offer, told by the line and by the records

// With what was missed before this page was opened, newest first.
export function allMissed(here: Missed[], recorded: MissedOffer[]): Missed[] {
  const known = (one: MissedOffer) => here.some((mine) => mine.callId === one.call_id && Math.abs(mine.at - one.at) < SAME_S);
  const before = recorded.filter((one) => !known(one)).map(({ call_id: callId, ...rest }) => ({ callId, ...rest }));
  return [...here, ...before].sort((a, b) => b.at - a.at);
}

export function withoutOldToasts<Page extends { toasts: ShownToast[] }>(page: Page, nowMs: number): Page {
  const toasts = page.toasts.filter((one) => one.untilMs > nowMs);
  return toasts.length === page.toasts.length ? page : { ...page, toasts };
}

export type Shown = Exclude<Activity, "idle"> | Status;

// What stands in the big field: what the agent does, or when idle what the agent chose.
export const shownState = (agent: Pick<AgentView, "activity" | "status">): Shown =>
  agent.activity === "idle" ? agent.status : agent.activity;

// The wish on the buttons: what is pending goes before what is.
export function wishOf(me: AgentView | null): { status: Status | null; reason: string | null } {
  if (!me) return { status: null, reason: null };
  return me.pending ? { status: me.pending, reason: me.pending_reason } : { status: me.status, reason: me.reason };
}

// Seconds on the agent's timer: wrap-up counts down and then below zero, all else up. An offer's end is the server's affair.
export function timerOf(me: AgentView, now: number): number {
  return me.until && me.activity !== "offered" ? me.until - now : now - me.since;
}
