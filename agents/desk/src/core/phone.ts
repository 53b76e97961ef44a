// What the telephone in the page is worth: pure.
export type PhoneStatus = "off" | "asking" | "no_microphone" | "insecure" | "connecting" | "registered" | "elsewhere";
export type SessionState = "none" | "calling" | "ringing" | "talking";

export interface Figures {
  lost: number; // packets since the call began
  received: number;
  jitterS: number;
  roundTripS: number;
  micLevel: number; // 0 to 1
  farLevel: number;
}

export type Quality = "good" | "fair" | "poor";

// Between two measurements: what people hear follows loss first, then jitter, then delay (ITU-T G.107 in spirit).
export function qualityOf(before: Figures | null, now: Figures): Quality {
  const lost = Math.max(now.lost - (before?.lost ?? 0), 0);
  const came = Math.max(now.received - (before?.received ?? 0), 0);
  const share = lost + came > 0 ? lost / (lost + came) : 0;
  if (share > 0.05 || now.jitterS > 0.06 || now.roundTripS > 0.5) return "poor";
  if (share > 0.01 || now.jitterS > 0.03 || now.roundTripS > 0.25) return "fair";
  return "good";
}

// Five bars: speech lies far below full scale, so that the ear's measure is the root.
export const barsOf = (level: number): number => Math.min(5, Math.round(Math.sqrt(Math.max(level, 0)) * 7));

const REFUSED = ["NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError", "SecurityError"];

// Why there is no phone, by what was thrown.
export const statusAfter = (error: unknown): PhoneStatus =>
  error instanceof Error && REFUSED.includes(error.name) ? "no_microphone" : "connecting";
