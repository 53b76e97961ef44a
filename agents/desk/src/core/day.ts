// An agent's calls of the day, as the server remembers them.

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

const connected = (call: CallRecord): call is CallRecord & { connected_at: number } =>
  typeof call.connected_at === "number";

export function since(calls: readonly CallRecord[], from: number): CallRecord[] {
  return calls.filter((call) => (call.arrived_at ?? 0) >= from);
}

export function talkS(call: CallRecord): number | null {
  return connected(call) && call.ended_at ? Math.max(0, call.ended_at - call.connected_at) : null;
}
