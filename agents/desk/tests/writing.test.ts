import { describe, expect, it } from "vitest";
import { blank, confirmed, draftOf, heard, isFinal, unsentIn } from "../src/core/writing";
import type { WrittenUp } from "../src/wire";

const said = (call_id: string, note: string, disposition = ""): WrittenUp =>
  ({ type: "written_up", seq: 1, at: 0, call_id, note, disposition });

describe("what is written of a call", () => {
  it("is what the server says, as long as nothing newer was typed", () => {
    const draft = draftOf("c", {}, [said("c", "old"), said("other", "x"), said("c", "new", "settled")]);
    expect(draft).toEqual({ callId: "c", note: "new", disposition: "settled", saved: true });
    expect(heard({ ...draft, note: "typed", saved: false }, said("c", "late")).note).toBe("typed");
  });

  it("comes back after a reload before what the server has", () => {
    const draft = draftOf("c", { c: { note: "typed", disposition: "" } }, [said("c", "old")]);
    expect(draft).toEqual({ callId: "c", note: "typed", disposition: "", saved: false });
  });

  it("is saved once the server has just this", () => {
    const draft = { ...blank("c"), note: "typed", saved: false };
    expect(heard(draft, said("c", "type")).saved).toBe(false);
    expect(heard(draft, said("c", "typed")).saved).toBe(true);
  });

  it("stays unsent when more was typed while it was on its way", () => {
    const unsent = { c: { note: "more", disposition: "" }, d: { note: "x", disposition: "" } };
    expect(confirmed(unsent, "c", { note: "mor", disposition: "" })).toBe(unsent);
    expect(confirmed(unsent, "c", { note: "more", disposition: "" })).toEqual({ d: unsent.d });
  });

  it("is read from storage, whatever lies there", () => {
    expect(unsentIn('{"c":{"note":"n","disposition":"d"},"bad":7}')).toEqual({ c: { note: "n", disposition: "d" } });
    for (const text of [null, "", "nonsense", "null", "[1]", '"x"']) expect(unsentIn(text)).toEqual({});
  });

  it("is sent again after anything but a final refusal", () => {
    expect(["unsent", "try_again", "failed"].map(isFinal)).toEqual([false, false, false]);
    expect(isFinal("not_your_write_up")).toBe(true);
  });
});
