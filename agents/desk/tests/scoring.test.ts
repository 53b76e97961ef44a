import { expect, test } from "vitest";
import { choices, complete, score, type Question } from "../src/core/scoring";

const one = (code: string, more: Partial<Question> = {}): Question => ({ code, zh: code, en: code, kind: "points", weight: 1, best: 5, ...more });
const card = [one("greeting"), one("answer", { weight: 3 }), one("closing", { kind: "yes_no", best: 1 }), one("promises", { kind: "fatal", best: 1 })];
const full = { greeting: 5, answer: 5, closing: 1, promises: 1 };

// The same figures as tests/cti/test_scoring.py: page and server agree.
test.each([
  [full, 100],
  [{ ...full, answer: 0 }, 40],
  [{ ...full, greeting: null, closing: null, answer: 2.5 }, 50],
  [{ ...full, promises: 0 }, 0],
  [{ ...full, promises: null, closing: 0 }, 80],
  [{ greeting: null, answer: null, closing: null, promises: null }, 100],
])("%o is worth %d", (answers, expected) => {
  expect(score(card, answers)).toBeCloseTo(expected);
});

test("there is no score before everything is answered", () => {
  expect(complete(card, { ...full, closing: undefined })).toBe(false);
  expect(score(card, { greeting: 5 })).toBeNull();
});

test("points go from nothing to the best, the others are no and yes", () => {
  expect(choices(one("greeting"))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(choices(one("promises", { kind: "fatal", best: 1 }))).toEqual([0, 1]);
});
