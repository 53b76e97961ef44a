// How many waited, a point every ten seconds for an hour, as this page has seen it.

export interface Curve {
  at: readonly number[];
  waiting: readonly number[];
}

export const STEP_S = 10;
export const KEPT_S = 3600;
export const noCurve: Curve = { at: [], waiting: [] };

// The most that waited within a step counts: a short rush is seen.
export function addWaiting(curve: Curve, waiting: number, now: number): Curve {
  const step = Math.floor(now / STEP_S) * STEP_S;
  const last = curve.at.at(-1);
  const highest = curve.waiting.at(-1) ?? 0;
  if (last !== undefined && step <= last) {
    return waiting > highest ? { ...curve, waiting: [...curve.waiting.slice(0, -1), waiting] } : curve;
  }
  const from = curve.at.findIndex((at) => at >= step - KEPT_S);
  const keep = from < 0 ? curve.at.length : from;
  return { at: [...curve.at.slice(keep), step], waiting: [...curve.waiting.slice(keep), waiting] };
}
