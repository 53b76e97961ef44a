import { describe, expect, it } from "vitest";
import { since, talkS } from "../src/core/day";
import { readSettings, usualSettings } from "../src/core/settings";
import { actOf } from "../src/core/shortcuts";
import { agentName, customerNames, percent, span } from "../src/core/words";
import type { AgentView } from "../src/wire";
import { agent, pop } from "./messages";

describe("settings", () => {
  const usually = usualSettings("zh-TW");

  it("speak the browser's language at first", () => {
    expect([usualSettings("zh-CN").language, usualSettings("de").language]).toEqual(["zh-CN", "en"]);
    expect(usually.sound).toBe(false);
  });

  it.each([null, "", "{", "7", "null", '{"theme":"pink","sound":"yes","levelWarn":7,"language":"fr"}'])(
    "that cannot be read (%s) are as if not chosen",
    (kept) => expect(readSettings(kept, usually)).toEqual(usually),
  );

  it("come back as they were chosen", () => {
    const chosen = { ...usually, theme: "dark" as const, sound: true, shortcuts: false, levelWarn: 0.9 };
    expect(readSettings(JSON.stringify(chosen), usually)).toEqual(chosen);
  });
});

describe("the keyboard", () => {
  const press = (code: string, more = {}) => ({
    code, key: code.slice(-1).toLowerCase(), alt: true, ctrl: false, meta: false, typing: false, ...more,
  });
  const now = (me: AgentView | null, ringing = false) => ({ me, call: null, ringing });
  const talking = now(agent({ activity: "talking" }));

  it("does to the call what its buttons do, also while a note is typed", () => {
    expect(actOf(press("KeyH"), talking)).toBe("hold");
    expect(actOf(press("KeyH"), now(agent({ activity: "held" })))).toBe("resume");
    expect(actOf(press("KeyK", { typing: true }), talking)).toBe("hang_up");
    expect(actOf(press("KeyW"), now(agent({ activity: "wrap_up" })))).toBe("finish_wrap_up");
  });

  it("does nothing when the button would do nothing", () => {
    for (const code of ["KeyH", "KeyK", "KeyW"]) expect(actOf(press(code), now(agent()))).toBeNull();
    expect(actOf(press("KeyR"), now(null))).toBeNull();
    expect(actOf(press("KeyA"), now(agent()))).toBeNull();
    expect(actOf(press("KeyA"), now(agent(), true))).toBe("answer");
  });

  it("leaves the browser's own keys alone, and letters to the fields", () => {
    expect(actOf(press("KeyR", { ctrl: true }), talking)).toBeNull();
    expect(actOf(press("KeyH", { alt: false }), talking)).toBeNull();
    const question = { code: "Slash", key: "?", alt: false, ctrl: false, meta: false };
    expect(actOf({ ...question, typing: false }, talking)).toBe("help");
    expect(actOf({ ...question, typing: true }, talking)).toBeNull();
  });
});

describe("the day", () => {
  const calls = [
    { id: "1", arrived_at: 100, queued_at: 110, connected_at: 120, ended_at: 180 },
    { id: "2", arrived_at: 200, queued_at: 200, connected_at: 230, ended_at: 330 },
    { id: "3", arrived_at: 300, connected_at: null, ended_at: 320 },
    { id: "4", arrived_at: 400, connected_at: 410, ended_at: null },
  ];

  it("begins when it is told to", () => {
    expect(since(calls, 200).map((one) => one.id)).toEqual(["2", "3", "4"]);
    expect(talkS({ id: "5", connected_at: 20, ended_at: 10 })).toBe(0);
  });
});

describe("words", () => {
  it("write durations", () => {
    expect([-1, 65.9, 3725].map(span)).toEqual(["0:00", "1:05", "1:02:05"]);
    expect([percent(null), percent(0.666)]).toEqual(["–", "67%"]);
  });

  it("put the name of the chosen language first", () => {
    const known = { ...pop(1, "c-1"), customer: { name: "Zhang", name_en: "San" } };
    expect(customerNames(known, true)).toEqual(["Zhang", "San"]);
    expect(customerNames(known, false)).toEqual(["San", "Zhang"]);
    expect(customerNames({ ...pop(1, "c-1"), caller_name: "Who" }, true)).toEqual(["Who", null]);
    expect(customerNames(pop(1, "c-1"), true)).toEqual([null, null]);
    expect(agentName(agent({ name_en: "" }), false)).toBe("Wang");
  });
});
