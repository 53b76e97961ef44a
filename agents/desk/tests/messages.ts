// Messages as the server sends them, with only what a test is about said.
import type { AgentState, AgentView, CallState, Pop, PopClosed, QueueView, Snapshot, Toast } from "../src/wire";

export const agent = (facts: Partial<AgentView> = {}): AgentView => ({
  id: "1001", name: "Wang", name_en: "", status: "ready", reason: null, activity: "idle", since: 0, until: null,
  pending: null, pending_reason: null, queue: null, call_id: null, connected: true, reachable: true, owes: false, extended: 0, ...facts,
});

export const queue = (facts: Partial<QueueView> = {}): QueueView => ({
  name: "accounts", waiting: 0, longest_since: null, logged_in: 0, ready: 0, busy: 0, answered: 0,
  answered_in_target: 0, abandoned: 0, target_s: 20, ...facts,
});

export const snapshot = (facts: Partial<Snapshot>): Snapshot => ({
  type: "snapshot", seq: 0, at: 0, stream: "s-1001", me: agent(), floor: { at: 0, queues: [], agents: [] },
  pops: [], calls: [], listening: null, waiting: [], reasons: [], show_as: [], wrapup_extras: 3, dispositions: [], written: [], ...facts,
});

export const pop = (seq: number, callId: string): Pop => ({
  type: "pop", seq, at: seq, call_id: callId, contact_id: callId, number: "+8613800000001", queue: "accounts",
  waited_s: 3, caller_name: "", language: "zh", customer: null, ivr_path: [], data: {},
});

export const popClosed = (seq: number, callId: string, reason: string): PopClosed => ({
  type: "pop_closed", seq, at: seq, call_id: callId, reason,
});

export const callState = (seq: number, callId: string, state: CallState["state"]): CallState => ({
  type: "call_state", seq, at: seq, call_id: callId, state, since: seq, number: "", queue: "",
  direction: "in", role: "owner", muted: false, other: null, cause: "",
});

export const stateOf = (seq: number, facts: Partial<AgentView>): AgentState => ({
  type: "agent_state", seq, at: seq, agent: agent(facts),
});

export const toast = (seq: number, code: string): Toast => ({
  type: "toast", seq, at: seq, level: "info", code, text: code, sender: "",
});
