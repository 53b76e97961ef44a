import { describe, expect, it } from "vitest";
import { columnsOf } from "../src/core/intervals";
import { everybody, nothingYet, picked, possible, step, takeSupervision, type Members } from "../src/core/supervise";
import { mainReason, ofQueue } from "../src/core/waiting";
import { actionOf } from "../src/super/keys";
import type { Listening, WaitingView } from "../src/wire";
import { agent, queue, snapshot, toast } from "./messages";

const waits = (facts: Partial<WaitingView>): WaitingView => ({
  call_id: "c-1", queue: "trading", number: "", name: "", name_en: "", tier: "", language: "zh", since: 0, priority: 0,
  position: 1, offered_to: null, p50_s: null, p90_s: null, why: [], ...facts,
});
const listening = (state: Listening["state"]): Listening => ({
  type: "listening", seq: 1, at: 0, agent_id: "1001", mode: "listen", state, cause: "", held: false, number: "", name: "",
});

describe("what a supervisor's page holds", () => {
  it("is replaced kind by kind, and all of it by a snapshot", () => {
    const begun = takeSupervision(nothingYet, { type: "waiting", seq: 0, at: 0, contacts: [waits({})] }, 0);
    const fresh = takeSupervision(begun, snapshot({ floor: { at: 0, queues: [queue()], agents: [agent()] } }), 0);
    expect(begun.waiting).toHaveLength(1);
    expect([fresh.queues.length, fresh.agents.length, fresh.waiting.length]).toEqual([1, 1, 0]);
    expect(takeSupervision(fresh, { type: "agents_stats", seq: 0, at: 0, agents: [] }, 0).agents).toEqual([]);
    expect(takeSupervision(fresh, { type: "queue_stats", seq: 0, at: 0, queues: [] }, 0).queues).toEqual([]);
    expect(takeSupervision(fresh, { type: "beat", seq: 0, at: 0 }, 0)).toBe(fresh);
  });

  it("knows whose call one listens to until it ends, also after a reload", () => {
    const on = takeSupervision(nothingYet, listening("on"), 0);
    expect(on.listening?.agent_id).toBe("1001");
    expect(takeSupervision(on, listening("ended"), 0).listening).toBeNull();
    expect(takeSupervision(nothingYet, snapshot({ listening: listening("on") }), 0).listening?.state).toBe("on");
  });

  it("keeps toasts for their time", () => {
    expect(takeSupervision(nothingYet, toast(1, "failed"), 100).toasts[0]?.untilMs).toBeGreaterThan(100);
  });
});

describe("agents", () => {
  const team = [
    agent({ id: "1010", name: "Li", activity: "talking", since: 50, queue: "trading" }),
    agent({ id: "1002", name: "Wang", status: "not_ready", since: 10 }),
    agent({ id: "1003", name: "Chen", status: "logged_out" }),
    agent({ id: "1004", name: "Zhao", since: 90 }),
  ];
  const staff: Members = { 1004: { skills: {}, queues: [], serves: ["trading"] } };
  const ids = (pick: Partial<typeof everybody>) => picked(team, { ...everybody, ...pick }, staff).map((one) => one.id);

  it("are those who are in, in the order of their states", () => {
    expect(ids({})).toEqual(["1004", "1010", "1002"]);
    expect(ids({ state: "all" }).at(-1)).toBe("1003");
  });

  it("are picked by queue, state and words, and ordered by number or time", () => {
    expect(ids({ queue: "trading" })).toEqual(["1004", "1010"]);
    expect(ids({ state: "not_ready" })).toEqual(["1002"]);
    expect(ids({ words: " WANG " })).toEqual(["1002"]);
    expect(ids({ words: "100", state: "all", sort: "name" })).toEqual(["1002", "1003", "1004"]);
    expect(ids({ sort: "time" })).toEqual(["1002", "1010", "1004"]);
  });

  it("are gone through by steps that end at both ends", () => {
    expect(step(team, null, 1)).toBe("1010");
    expect(step(team, "1010", 1)).toBe("1002");
    expect(step(team, "1010", -1)).toBe("1010");
    expect(step(team, "1010", Infinity)).toBe("1004");
    expect(step([], null, 1)).toBeNull();
  });

  it("allow what their state allows", () => {
    const [talking, resting, out] = team;
    expect(possible("listen", talking ?? null)).toBe(true);
    expect(possible("log_out", talking ?? null)).toBe(false);
    expect(possible("listen", resting ?? null)).toBe(false);
    expect(possible("log_out", resting ?? null)).toBe(true);
    expect(possible("force", out ?? null)).toBe(false);
    expect(possible("skills", out ?? null)).toBe(true);
    expect(possible("message", null)).toBe(false);
  });
});

describe("those who wait", () => {
  it("say what tells the most", () => {
    const able = { code: "able", values: { able: 3, ready: 1, free: 0 } };
    expect(mainReason([{ code: "place", values: {} }, able])).toBe(able);
    expect(mainReason([able, { code: "nobody", values: {} }])?.code).toBe("nobody");
    expect(mainReason([])).toBeNull();
  });

  it("are those of the chosen queue, or all", () => {
    const all = [waits({}), waits({ queue: "accounts" })];
    expect(ofQueue(all, "accounts")).toHaveLength(1);
    expect(ofQueue(all, "")).toHaveLength(2);
  });
});

it("the day's curve has a gap where there is no level", () => {
  const columns = columnsOf([
    { at: 0, offered: 3, answered: 2, abandoned: 0, service_level: 0.5, mean_wait_s: 4 },
    { at: 900, offered: 0, answered: 0, abandoned: 0, service_level: null, mean_wait_s: null },
  ]);
  expect(columns.level).toEqual([50, null]);
  expect(columns.offered).toEqual([3, 0]);
});

it("the keyboard does nothing while somebody types, but for what Alt makes plain", () => {
  const key = { key: "", code: "", alt: false, ctrl: false, meta: false, typing: true };
  expect(actionOf({ ...key, key: "/" })).toBeNull();
  expect(actionOf({ ...key, key: "/", typing: false })).toBe("find");
  expect(actionOf({ ...key, key: "?", typing: false })).toBe("help");
  expect(actionOf({ ...key, code: "KeyL", alt: true })).toBe("listen");
  expect(actionOf({ ...key, code: "KeyL", alt: true, ctrl: true })).toBeNull();
});
