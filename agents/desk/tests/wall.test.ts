import { describe, expect, it } from "vitest";
import { newAlarms, queueLevel, shareLevel, usual, waitLevel } from "../src/core/alarms";
import { addWaiting, KEPT_S, noCurve, STEP_S } from "../src/core/curve";
import { columns, deal } from "../src/core/paging";
import { abandonment, countByState, emptyWall, inOrder, serviceLevel, takeWall, totals } from "../src/core/wall";
import { agent, queue, snapshot } from "./messages";

describe("figures", () => {
  it("replace each other; a snapshot replaces all", () => {
    const begun = takeWall(emptyWall, snapshot({ floor: { at: 0, queues: [queue()], agents: [agent()] } }));
    const moved = takeWall(begun, { type: "queue_stats", seq: 0, at: 1, queues: [queue({ waiting: 2 })] });
    expect(moved.queues[0]?.waiting).toBe(2);
    expect(moved.agents).toBe(begun.agents);
    expect(takeWall(moved, { type: "agents_stats", seq: 0, at: 1, agents: [] }).agents).toEqual([]);
    expect(takeWall(moved, { type: "beat", seq: 0, at: 1 })).toBe(moved);
  });

  it("know the service level by its formula, and say nothing of nothing", () => {
    const one = queue({ answered: 8, answered_in_target: 7, abandoned: 2 });
    expect(serviceLevel(one)).toBe(0.7);
    expect(abandonment(one)).toBe(0.2);
    expect(serviceLevel(queue())).toBeNull();
    expect(abandonment(queue())).toBeNull();
  });

  it("of the house are those of its queues together", () => {
    const all = totals([
      queue({ waiting: 1, longest_since: 50, answered: 3, answered_in_target: 3, abandoned: 1 }),
      queue({ waiting: 2, longest_since: 40, answered: 1 }),
      queue(),
    ]);
    expect(all).toEqual({ waiting: 3, longest_since: 40, answered: 4, answered_in_target: 3, abandoned: 1 });
    expect(totals([]).longest_since).toBeNull();
  });

  it("count agents by what they do; who is logged out does not count", () => {
    const agents = [
      agent({ id: "1", activity: "talking" }),
      agent({ id: "2", status: "not_ready" }),
      agent({ id: "3", status: "logged_out" }),
      agent({ id: "4", status: "not_ready", activity: "talking" }),
    ];
    expect(countByState(agents)).toMatchObject({ talking: 2, not_ready: 1, ready: 0 });
    expect(inOrder(agents).map((one) => one.id)).toEqual(["1", "4", "2"]);
  });
});

describe("alarms", () => {
  it("warn at half the target and sound past it", () => {
    expect(waitLevel(null, 20, 100)).toBe("calm");
    expect(waitLevel(90, 20, 100)).toBe("calm");
    expect(waitLevel(89, 20, 100)).toBe("warn");
    expect(waitLevel(80, 20, 100)).toBe("warn");
    expect(waitLevel(79, 20, 100)).toBe("alarm");
  });

  it("follow the chosen thresholds of the service level", () => {
    expect([0.8, 0.79, 0.59, null].map((one) => shareLevel(one, usual))).toEqual(["calm", "warn", "alarm", "calm"]);
    expect(shareLevel(0.59, { levelWarn: 0.5, levelAlarm: 0.4 })).toBe("calm");
  });

  it("of a queue are the worse of both", () => {
    const poor = queue({ answered: 10, answered_in_target: 7, longest_since: 99 });
    expect(queueLevel(poor, usual, 100)).toBe("warn");
    expect(queueLevel({ ...poor, longest_since: 10 }, usual, 100)).toBe("alarm");
  });

  it("sound once for each queue, and again after it has been calm", () => {
    const late = [queue({ longest_since: 10 })];
    const first = newAlarms(new Set(), late, 100);
    expect(first.sounds).toBe(true);
    expect(newAlarms(first.alarmed, late, 101).sounds).toBe(false);
    const calm = newAlarms(first.alarmed, [queue()], 102);
    expect(newAlarms(calm.alarmed, late, 103).sounds).toBe(true);
  });
});

describe("room", () => {
  it("deals things out over pages and comes back into range", () => {
    expect(deal([1, 2, 3, 4, 5], 2, 2)).toEqual({ shown: [5], page: 2, pages: 3 });
    expect(deal([1, 2, 3, 4, 5], 2, 3).page).toBe(0);
    expect(deal([1, 2, 3, 4, 5], 2, -1).page).toBe(2);
    expect(deal([], 0, 4)).toEqual({ shown: [], page: 0, pages: 1 });
  });

  it("fills one column, then two", () => {
    expect(columns([1, 2, 3], 3)).toEqual([[1, 2, 3]]);
    expect(columns([1, 2, 3, 4, 5], 3)).toEqual([[1, 2, 3], [4, 5]]);
  });
});

describe("the curve", () => {
  it("keeps the most that waited in each step", () => {
    const curve = [3, 5, 2].reduce((so, waiting, n) => addWaiting(so, waiting, 100 + n), noCurve);
    expect(curve).toEqual({ at: [100], waiting: [5] });
  });

  it("forgets what is older than an hour", () => {
    let curve = noCurve;
    for (let now = 0; now <= KEPT_S * 2; now += STEP_S) curve = addWaiting(curve, 1, now);
    expect(curve.at[0]).toBe(KEPT_S);
    expect(curve.at).toHaveLength(KEPT_S / STEP_S + 1);
  });
});
