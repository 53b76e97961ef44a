import { expect, test } from "vitest";
import { difference, picture } from "../src/core/picture";
import type { DrawnNode } from "../src/line/admin";

const node = (name: string, ...ways: [string, string][]): DrawnNode => ({ name, kind: "say", says: [], ways: ways.map(([on, to]) => ({ on, to })) });
const menu = [node("welcome", ["next", "main"]), node("main", ["1", "sales"], ["2", "sales"], ["9", "main"], ["failure", "gone"]), node("sales")];

test("every node has a box, every pair of nodes one road, and what leads nowhere none", () => {
  const { boxes, roads } = picture(menu, null);
  expect(boxes.map((one) => one.name)).toEqual(["welcome", "main", "sales"]);
  expect(roads.map((one) => [one.key, one.on])).toEqual([["welcome main", "next"], ["main sales", "1 2"], ["main main", "9"]]);
});

test("boxes do not lie on each other, and callers go from left to right", () => {
  const { boxes } = picture(menu, null);
  const at = Object.fromEntries(boxes.map((one) => [one.name, one.x]));
  expect(at.welcome).toBeLessThan(at.main ?? 0);
  expect(at.main).toBeLessThan(at.sales ?? 0);
});

test("the more callers, the wider the road", () => {
  const edges = [{ from: "welcome", to: "main", callers: 40 }, { from: "main", to: "sales", callers: 10 }];
  const { roads, boxes } = picture(menu, { since: 0, nodes: { welcome: 40 }, left: { sales: 10 }, edges });
  const [first, second, third] = roads;
  expect(first?.width).toBeGreaterThan(second?.width ?? 0);
  expect(second?.width).toBeGreaterThan(third?.width ?? 0);
  expect(boxes[0]?.callers).toBe(40);
  expect(boxes[2]?.left).toBe(10);
});

test("a difference says what went and what came, in order", () => {
  expect(difference("a\nb\nc", "a\nx\nc\nd")).toEqual([
    { sign: " ", line: "a" }, { sign: "-", line: "b" }, { sign: "+", line: "x" }, { sign: " ", line: "c" }, { sign: "+", line: "d" },
  ]);
  expect(difference("same", "same")).toEqual([{ sign: " ", line: "same" }]);
});
