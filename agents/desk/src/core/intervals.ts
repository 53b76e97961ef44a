// The day in steps, as columns for the curve.
import type { DayStep } from "../wire";

export interface Columns {
  at: number[];
  offered: number[];
  answered: number[];
  abandoned: number[];
  level: (number | null)[]; // in per cent
}

export const columnsOf = (steps: readonly DayStep[]): Columns => ({
  at: steps.map((one) => one.at),
  offered: steps.map((one) => one.offered),
  answered: steps.map((one) => one.answered),
  abandoned: steps.map((one) => one.abandoned),
  level: steps.map((one) => (one.service_level === null ? null : one.service_level * 100)),
});
