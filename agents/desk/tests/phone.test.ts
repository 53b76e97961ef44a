import { describe, expect, it } from "vitest";
import { barsOf, qualityOf, statusAfter, type Figures } from "../src/core/phone";

const figures = (some: Partial<Figures>): Figures => ({
  lost: 0, received: 1000, jitterS: 0.01, roundTripS: 0.02, micLevel: 0, farLevel: 0, ...some,
});

describe("the quality of a line", () => {
  it("is good while next to nothing is lost", () => {
    expect(qualityOf(figures({ lost: 3 }), figures({ lost: 3, received: 1100 }))).toBe("good");
  });
  it("goes by what was lost since the last look, not since the call began", () => {
    expect(qualityOf(figures({ lost: 500 }), figures({ lost: 500, received: 1100 }))).toBe("good");
    expect(qualityOf(figures({ lost: 0 }), figures({ lost: 3, received: 1097 }))).toBe("fair");
    expect(qualityOf(figures({ lost: 0 }), figures({ lost: 20, received: 1080 }))).toBe("poor");
  });
  it("falls with jitter and with delay", () => {
    expect(qualityOf(null, figures({ jitterS: 0.04 }))).toBe("fair");
    expect(qualityOf(null, figures({ roundTripS: 0.6 }))).toBe("poor");
  });
});

it("shows speech on its bars, and silence on none", () => {
  expect([0, 0.02, 0.1, 0.3, 1].map(barsOf)).toEqual([0, 1, 2, 4, 5]);
});

it("tells a microphone that may not be had from a server that does not answer", () => {
  expect(statusAfter(new DOMException("", "NotAllowedError"))).toBe("no_microphone");
  expect(statusAfter(new Error("fetch failed"))).toBe("connecting");
});
