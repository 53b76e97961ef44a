import { describe, expect, it } from "vitest";
import { bareNumber, isNumber, isPossible, POSSIBLE_IN, stageOf, type Stage } from "../src/core/call";
import type { AgentView, CallState, Other } from "../src/wire";
import { agent, callState } from "./messages";

const talking = agent({ activity: "talking" });
const held = agent({ activity: "held" });
const other = (state: Other["state"]): Other => ({ kind: "agent", id: "1002", name: "Li", state });
const call = (state: CallState["state"], more: Partial<CallState> = {}): CallState => ({
  ...callState(1, "c-1", state), ...more,
});

const cases: [Stage, CallState | null, AgentView | null][] = [
  ["none", null, agent()],
  ["none", call("talking"), null],
  ["none", call("talking"), agent({ activity: "wrap_up" })],
  ["ringing", call("ringing"), agent({ activity: "offered" })],
  ["dialling", call("dialling", { direction: "out" }), talking],
  ["talking", call("talking"), talking],
  ["talking", null, talking], // the state may come before the call
  ["held", call("held"), held],
  ["asking", call("held", { other: other("ringing") }), held],
  ["waiting_other", call("talking", { other: other("held") }), talking],
  ["consulting", call("consulting", { other: other("talking") }), held],
  ["conference", call("conference", { other: other("talking") }), talking],
  ["recalling", call("recalling"), held],
  ["consulted", call("talking", { role: "consulted" }), talking],
  ["ringing", call("ringing", { role: "consulted" }), agent({ activity: "offered" })],
];

describe("where a call stands", () => {
  it.each(cases)("%s", (stage, state, me) => expect(stageOf(state, me)).toBe(stage));
});

describe("what is possible", () => {
  it("is to complete or drop while a third is there, and never to begin another", () => {
    for (const stage of ["waiting_other", "consulting"] as const) {
      expect(POSSIBLE_IN[stage]).toEqual(expect.arrayContaining(["swap", "complete", "conference", "drop_other"]));
      expect(POSSIBLE_IN[stage]).not.toContain("transfer");
      expect(POSSIBLE_IN[stage]).not.toContain("consult");
    }
  });
  it("is only to give up while the third rings", () => {
    expect([...POSSIBLE_IN.asking].sort()).toEqual(["drop_other", "hang_up"]);
  });
  it("is nothing of the customer's for a colleague who was asked in", () => {
    const asked = call("talking", { role: "consulted" });
    expect(isPossible("hang_up", asked, talking)).toBe(true);
    for (const act of ["hold", "transfer", "complete", "mute"] as const) expect(isPossible(act, asked, talking)).toBe(false);
  });
});

it("takes numbers as people write them", () => {
  expect(bareNumber(" +86 138-0000 (0001) ")).toBe("+8613800000001");
  expect(["13800000001", "+86138", "8", "abc", "1;2"].map(isNumber)).toEqual([true, true, false, false, false]);
});
