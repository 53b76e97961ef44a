import { expect, it } from "vitest";
import { nowhere, place, resumeOf } from "../src/core/place";
import { pop, snapshot } from "./messages";

const at = { stream: "s-1001", seq: 7 };

it("begins with a snapshot, at the number it is true for", () => {
  expect(place(nowhere, snapshot({ seq: 7 }))).toEqual(["take", at]);
});

it("takes the next number", () => {
  expect(place(at, pop(8, "c-1"))).toEqual(["take", { ...at, seq: 8 }]);
});

it.each([7, 6, 1])("skips number %i, which it had", (seq) => {
  expect(place(at, pop(seq, "c-1"))).toEqual(["skip", at]);
});

it("asks for everything anew when a number is missing", () => {
  const [verdict, then] = place(at, pop(9, "c-1"));
  expect(verdict).toBe("gap");
  expect(resumeOf(then)).toBe("");
});

it("takes what has no number, and stays where it is", () => {
  expect(place(at, { type: "beat", seq: 0, at: 1 })).toEqual(["take", at]);
});

it("goes on in a stream of another run from its snapshot, however low its number", () => {
  expect(place(at, snapshot({ seq: 0, stream: "t-1001" }))).toEqual(["take", { stream: "t-1001", seq: 0 }]);
});

it("resumes from the last number it took", () => {
  expect(resumeOf(at)).toBe("s-1001:7");
  expect(resumeOf(nowhere)).toBe("");
});
