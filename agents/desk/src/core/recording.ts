// What is drawn of a recording: pure.
import type { RecordedPart } from "../wire";

// So many bars of the given peaks, each as loud as the loudest of what it stands for.
export function barsFrom(peaks: readonly number[], count: number): number[] {
  if (!peaks.length || count < 1) return [];
  const bars = Math.min(count, peaks.length);
  return Array.from({ length: bars }, (_, n) => {
    const [from, to] = [Math.floor((n * peaks.length) / bars), Math.floor(((n + 1) * peaks.length) / bars)];
    return Math.max(...peaks.slice(from, Math.max(to, from + 1)));
  });
}

// Where in the recording somebody has pointed, in seconds.
export const secondAt = (x: number, width: number, seconds: number): number =>
  width > 0 ? Math.min(Math.max(x / width, 0), 1) * seconds : 0;

// Parts worth a mark of their own: a moment of nothing is none.
export const marks = (parts: readonly RecordedPart[]): RecordedPart[] => parts.filter((one) => one.ends - one.begins >= 0.1);
