import { describe, expect, it } from "vitest";
import { barsFrom, marks, secondAt } from "../src/core/recording";

describe("a recording", () => {
  it("is drawn as loud as its loudest in each bar", () => {
    expect(barsFrom([1, 9, 2, 3, 50, 4], 3)).toEqual([9, 3, 50]);
    expect(barsFrom([1, 2], 10)).toEqual([1, 2]);
    expect(barsFrom([], 10)).toEqual([]);
    expect(barsFrom([1], 0)).toEqual([]);
  });

  it("is pointed into, never beside", () => {
    expect([secondAt(50, 100, 60), secondAt(-5, 100, 60), secondAt(500, 100, 60), secondAt(5, 0, 60)]).toEqual([30, 0, 60, 0]);
  });

  it("marks what lasts", () => {
    const part = (begins: number, ends: number) => ({ what: "talk" as const, begins, ends, agent_id: null });
    expect(marks([part(0, 0.05), part(1, 2)])).toEqual([part(1, 2)]);
  });
});
