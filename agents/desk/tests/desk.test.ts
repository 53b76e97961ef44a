import { describe, expect, it } from "vitest";
import { allMissed, emptyDesk, takeDesk, timerOf, TOAST_MS, wishOf, withoutOldToasts } from "../src/core/desk";
import { agent, callState, pop, popClosed, queue, snapshot, stateOf, toast } from "./messages";

const after = (...messages: Parameters<typeof takeDesk>[1][]) =>
  messages.reduce((desk, message) => takeDesk(desk, message, 1000), emptyDesk);

describe("the record on the screen", () => {
  it("comes with the pop and is to be drawn once for each", () => {
    const desk = after(pop(1, "c-1"), pop(2, "c-1"));
    expect(desk.pop?.call_id).toBe("c-1");
    expect(desk.popsDrawn).toBe(2);
  });

  it("comes with a snapshot, the newest of several", () => {
    const desk = after(snapshot({ pops: [pop(0, "c-1"), pop(0, "c-2")] }));
    expect(desk.pop?.call_id).toBe("c-2");
    expect(desk.popsDrawn).toBe(1);
  });

  it("is not drawn again when a snapshot says what is there already", () => {
    const desk = after(pop(1, "c-1"), snapshot({ pops: [pop(0, "c-1")] }));
    expect(desk.popsDrawn).toBe(1);
  });

  it("leaves when a snapshot does not know it any more", () => {
    expect(after(pop(1, "c-1"), snapshot({})).pop).toBeNull();
  });

  it("stays when another call's record is closed", () => {
    expect(after(pop(1, "c-1"), popClosed(2, "c-0", "rona")).pop?.call_id).toBe("c-1");
  });
});

describe("missed offers", () => {
  it("list what went elsewhere, the newest first", () => {
    const desk = after(pop(1, "c-1"), popClosed(2, "c-1", "rona"), pop(3, "c-2"), popClosed(4, "c-2", "left"));
    expect(desk.pop).toBeNull();
    expect(desk.missed.map((one) => [one.callId, one.reason])).toEqual([["c-2", "left"], ["c-1", "rona"]]);
  });

  it.each([
    ["the call state", callState(2, "c-1", "talking")],
    ["the agent's state", stateOf(2, { activity: "talking", call_id: "c-1" })],
  ])("leave out a call that was spoken with, by %s", (_how, spoken) => {
    expect(after(pop(1, "c-1"), spoken, popClosed(3, "c-1", "overflow")).missed).toEqual([]);
  });

  it("leave out a call that is simply done", () => {
    expect(after(pop(1, "c-1"), popClosed(2, "c-1", "done")).missed).toEqual([]);
  });

  it("are bounded", () => {
    const messages = Array.from({ length: 30 }, (_, n) => [pop(n, `c-${n}`), popClosed(n, `c-${n}`, "rona")]).flat();
    expect(after(...messages).missed).toHaveLength(20);
  });
});

describe("the agent's state", () => {
  it("counts wrap-up down and all else up", () => {
    expect(timerOf(agent({ activity: "wrap_up", since: 100, until: 130 }), 110)).toBe(20);
    expect(timerOf(agent({ activity: "talking", since: 100 }), 110)).toBe(10);
    expect(timerOf(agent({ activity: "offered", since: 100, until: 120 }), 110)).toBe(10);
  });

  it("shows the pending wish before what is", () => {
    const me = agent({ status: "ready", activity: "talking", pending: "not_ready", pending_reason: "lunch" });
    expect(wishOf(me)).toEqual({ status: "not_ready", reason: "lunch" });
    expect(wishOf(agent({ status: "ready" }))).toEqual({ status: "ready", reason: null });
  });
});

describe("the rest", () => {
  it("keeps a toast for its time and no longer", () => {
    const desk = after(toast(1, "maintenance"));
    expect(withoutOldToasts(desk, 1000 + TOAST_MS - 1).toasts).toHaveLength(1);
    expect(withoutOldToasts(desk, 1000 + TOAST_MS).toasts).toEqual([]);
  });

  it("changes nothing, not even its identity, for what it does not show", () => {
    const desk = after(snapshot({}));
    expect(takeDesk(desk, { type: "beat", seq: 0, at: 5 }, 1000)).toBe(desk);
    expect(withoutOldToasts(desk, 9e9)).toBe(desk);
  });

  it("takes the newest figures and notices that a call has ended", () => {
    const desk = after(
      snapshot({}),
      { type: "queue_stats", seq: 0, at: 1, queues: [queue({ waiting: 4 })] },
      callState(1, "c-1", "ended"),
    );
    expect(desk.queues[0]?.waiting).toBe(4);
    expect(desk.callsEnded).toBe(1);
  });
});

describe("what was missed before the page was opened", () => {
  const recorded = (call_id: string, at: number) => ({ call_id, at, reason: "rona", number: "138", queue: "q", name: "Li" });
  const here = { callId: "c-2", at: 50, number: "139", queue: "q", reason: "rona", name: "" };

  it("stands below what is newer, and nothing stands twice", () => {
    const all = allMissed([here], [recorded("c-2", 49), recorded("c-1", 10), recorded("c-2", 20)]);
    expect(all.map((one) => [one.callId, one.at])).toEqual([["c-2", 50], ["c-2", 20], ["c-1", 10]]);
  });
});
