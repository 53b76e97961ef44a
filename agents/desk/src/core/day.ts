// An agent's own day, from the calls the server remembers.

export interface CallRecord {
  id: string;
  number?: string | null;
  queue?: string | null;
  agent_id?: string | null;
  outcome?: string | null;
  arrived_at?: number | null;
  connected_at?: number | null;
  ended_at?: number | null;
  queued_at?: number | null;
  customer?: { name?: string; name_en?: string } | null;
}

export interface Day {
  calls: number;
  talkS: number;
  averageS: number | null; // from connected to hung up
  longestS: number | null;
  averageWaitS: number | null; // how long these callers had waited
}

export function midnight(nowMs: number): number {
  return new Date(nowMs).setHours(0, 0, 0, 0) / 1000;
}

const connected = (call: CallRecord): call is CallRecord & { connected_at: number } =>
  typeof call.connected_at === "number";

export function since(calls: readonly CallRecord[], from: number): CallRecord[] {
  return calls.filter((call) => (call.arrived_at ?? 0) >= from);
}

export function talkS(call: CallRecord): number | null {
  return connected(call) && call.ended_at ? Math.max(0, call.ended_at - call.connected_at) : null;
}

export function dayOf(calls: readonly CallRecord[]): Day {
  const served = calls.filter(connected);
  const talks = served.map(talkS).filter((one): one is number => one !== null);
  const waits = served.flatMap((call) => (call.queued_at ? [call.connected_at - call.queued_at] : []));
  const sum = (values: number[]) => values.reduce((total, one) => total + one, 0);
  return {
    calls: served.length,
    talkS: sum(talks),
    averageS: talks.length ? sum(talks) / talks.length : null,
    longestS: talks.length ? Math.max(...talks) : null,
    averageWaitS: waits.length ? sum(waits) / waits.length : null,
  };
}
