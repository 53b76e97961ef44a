// The messages of agents/wire.py. tests/agents/test_pages.py holds the fields of both to each other.

export type Status = "ready" | "not_ready" | "logged_out";
export type Activity = "idle" | "offered" | "talking" | "held" | "wrap_up";

export interface AgentView {
  id: string;
  name: string;
  name_en: string;
  status: Status;
  reason: string | null;
  activity: Activity;
  since: number;
  until: number | null;
  pending: Status | null;
  pending_reason: string | null;
  queue: string | null;
  call_id: string | null;
  connected: boolean;
  reachable: boolean;
  owes: boolean;
  extended: number;
}

export interface QueueView {
  name: string;
  waiting: number;
  longest_since: number | null;
  logged_in: number;
  ready: number;
  busy: number;
  answered: number;
  answered_in_target: number;
  abandoned: number;
  target_s: number;
}

export interface FloorView {
  at: number;
  queues: QueueView[];
  agents: AgentView[];
}

interface Message {
  seq: number;
  at: number;
}

export interface AgentState extends Message {
  type: "agent_state";
  agent: AgentView;
}

export interface PastContact {
  at: number;
  channel: string;
  agent: string | null;
  summary: string;
  disposition?: string;
  queue?: string;
}

export interface Customer {
  id: number;
  name: string;
  name_en: string;
  language: string;
  tier: string;
  manager: string | null;
  notes: string;
  numbers: string[];
  accounts: string[];
  recent: PastContact[];
}

export interface Pop extends Message {
  type: "pop";
  call_id: string;
  contact_id: string;
  number: string;
  queue: string;
  waited_s: number;
  caller_name: string;
  language: string;
  customer: Partial<Customer> | null;
  ivr_path: string[];
  data: Record<string, string>;
}

export interface PopClosed extends Message {
  type: "pop_closed";
  call_id: string;
  reason: string;
}

export interface Other {
  kind: "agent" | "number";
  id: string;
  name: string;
  state: "ringing" | "talking" | "held";
}

export interface LeftMessage {
  id: string;
  number: string;
  queue: string;
  at: number;
  seconds: number;
  audio: string;
}

export interface WantedOrder {
  key: string;
  code: string;
  side: "buy" | "sell";
  quantity: number;
  limit: string;
}

export interface TakenOrder extends WantedOrder {
  at: number;
  state: "pending" | "placed" | "refused" | "expired" | "unknown";
  number: string;
}

export interface HostFacts {
  state: "ready" | "down" | "none";
  account: string;
  cash: string;
  securities: string;
  total: string;
  positions: { code: string; name: string; quantity: number; value: string }[];
  orders: { order: string; code: string; side: "buy" | "sell"; quantity: number; filled: number; state: string }[];
}

export interface CallState extends Message {
  type: "call_state";
  call_id: string;
  state: "ringing" | "dialling" | "talking" | "held" | "consulting" | "conference" | "recalling" | "ended";
  since: number;
  number: string;
  queue: string;
  direction: "in" | "out" | "callback" | "voicemail";
  role: "owner" | "consulted";
  muted: boolean;
  other: Other | null;
  cause: string;
}

export interface QueueStats extends Message {
  type: "queue_stats";
  queues: QueueView[];
}

export interface AgentsStats extends Message {
  type: "agents_stats";
  agents: AgentView[];
}

export interface Disposition {
  code: string;
  zh: string;
  en: string;
}

export interface QueueDispositions {
  queue: string;
  forced: boolean;
  choices: Disposition[];
}

export interface WrittenUp extends Message {
  type: "written_up";
  call_id: string;
  disposition: string;
  note: string;
}

export interface WhyLine {
  code: string;
  values: Record<string, string | number>;
}

export interface WaitingView {
  call_id: string;
  queue: string;
  number: string;
  name: string;
  name_en: string;
  tier: string;
  language: string;
  since: number;
  priority: number;
  position: number;
  offered_to: string | null;
  p50_s: number | null;
  p90_s: number | null;
  why: WhyLine[];
}

export interface Waiting extends Message {
  type: "waiting";
  contacts: WaitingView[];
}

export const SPY_MODES = ["listen", "whisper", "barge"] as const;
export type SpyMode = (typeof SPY_MODES)[number];

export interface Listening extends Message {
  type: "listening";
  agent_id: string;
  mode: SpyMode;
  state: "ringing" | "on" | "taken" | "ended";
  cause: string;
  held: boolean;
  number: string;
  name: string;
}

export interface Beat extends Message {
  type: "beat";
}

export interface Toast extends Message {
  type: "toast";
  level: "info" | "warning" | "error";
  code: string;
  text: string;
  sender: string;
}

// What GET /api/missed answers.
export interface MissedOffer {
  at: number;
  call_id: string;
  reason: string;
  number: string;
  queue: string;
  name: string;
}

// What POST /api/phone and /api/booth answer.
export interface PhoneLogin {
  user: string;
  password: string;
  domain: string;
  expires_at: number;
  ticket: string;
}

export interface Problem {
  code: string;
  message: string;
}

export interface Answer extends Message {
  type: "answer";
  key: string;
  ok: boolean;
  error: Problem | null;
}

export interface Snapshot extends Message {
  type: "snapshot";
  stream: string;
  me: AgentView | null;
  floor: FloorView;
  pops: Pop[];
  calls: CallState[];
  listening: Listening | null;
  waiting: WaitingView[];
  reasons: string[];
  show_as: string[];
  wrapup_extras: number;
  dispositions: QueueDispositions[];
  written: WrittenUp[];
}

export type ServerMessage =
  | Snapshot
  | AgentState
  | Pop
  | PopClosed
  | CallState
  | QueueStats
  | AgentsStats
  | WrittenUp
  | Waiting
  | Listening
  | Beat
  | Toast
  | Answer;

// Since midnight; durations in seconds.
export interface OwnDay {
  since: number;
  calls: number;
  missed: number;
  talk_s: number;
  hold_s: number;
  wrap_up_s: number;
  ready_s: number;
  not_ready_s: Record<string, number>;
  staffed_s: number;
  handle_s: number | null;
  occupancy: number | null;
  utilisation: number | null;
}

export interface RecordedPart {
  what: "talk" | "hold" | "consult" | "conference" | "silenced";
  begins: number; // seconds from the beginning
  ends: number;
  agent_id: string | null;
}

export interface Recording {
  id: string;
  begun_at: number;
  agents: string[];
  seconds: number | null;
  segments: RecordedPart[];
  peaks: number[][]; // the customer's and the others', from 0 to 100
  audio: string | null; // good for ten minutes
}

export interface Colleague {
  id: string;
  name: string;
  name_en: string;
  presence: "ready" | "busy" | "not_ready" | "away";
}

export type CallCommand =
  | "answer" | "hang_up" | "hold" | "resume" | "finish_wrap_up" | "extend_wrap_up" | "swap" | "complete" | "conference" | "drop_other";
export type CommandName = CallCommand | "set_status" | "transfer" | "consult" | "mute" | "send_digits" | "dial" | "write_up" | keyof SuperCommands;
export type Args =
  | StatusArgs
  | { to: { kind: "agent" | "queue" | "number"; id: string } }
  | { call_id: string; disposition: string | null; note: string }
  | { on: boolean }
  | { digits: string }
  | { number: string; show_as: string | null }
  | SuperCommands[keyof SuperCommands]
  | Record<string, never>;

// What REST gives to supervisors.
export interface Member {
  skills: Record<string, number>;
  queues: string[];
  serves: string[];
}

export interface Staff {
  skills: string[];
  queues: string[];
  agents: Record<string, Member>;
}

export interface DayStep {
  at: number;
  offered: number;
  answered: number;
  abandoned: number;
  service_level: number | null;
  mean_wait_s: number | null;
}

export interface Day {
  queue: string;
  step_s: number;
  formula: string;
  steps: DayStep[];
}

export interface SuperCommands {
  listen: { agent_id: string };
  spy_mode: { mode: SpyMode };
  stop_listening: Record<string, never>;
  take_over: Record<string, never>;
  force_status: { agent_id: string; status: "ready" | "not_ready"; reason: string | null };
  force_log_out: { agent_id: string };
  set_skills: { agent_id: string; skills: Record<string, number> };
  set_queues: { agent_id: string; queues: string[] };
  raise_priority: { call_id: string; by: number };
  message: { to: string[] | null; text: string };
}
export type StatusArgs = { status: "ready" } | { status: "not_ready"; reason: string };
