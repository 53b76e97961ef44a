// When a figure wants to be looked at. A level is shown by colour and by a sign, never by colour alone.
import type { QueueView } from "../wire";
import { serviceLevel } from "./wall";

export type Level = "calm" | "warn" | "alarm";

export interface Thresholds {
  levelWarn: number; // service level below this share
  levelAlarm: number;
}

export const usual: Thresholds = { levelWarn: 0.8, levelAlarm: 0.6 };

export const SIGN: Record<Level, string> = { calm: "", warn: "▲", alarm: "◆" };

// Warned at half the queue's target, alarmed past it.
export function waitLevel(longestSince: number | null, targetS: number, now: number): Level {
  if (longestSince === null) return "calm";
  const wait = now - longestSince;
  if (wait > targetS) return "alarm";
  return wait > targetS / 2 ? "warn" : "calm";
}

export function shareLevel(share: number | null, limits: Thresholds): Level {
  if (share === null || share >= limits.levelWarn) return "calm";
  return share < limits.levelAlarm ? "alarm" : "warn";
}

export function queueLevel(queue: QueueView, limits: Thresholds, now: number): Level {
  const levels = [waitLevel(queue.longest_since, queue.target_s, now), shareLevel(serviceLevel(queue), limits)];
  return levels.includes("alarm") ? "alarm" : levels.includes("warn") ? "warn" : "calm";
}

// Queues whose callers wait too long now and did not before: each sounds once.
export function newAlarms(before: ReadonlySet<string>, queues: readonly QueueView[], now: number) {
  const late = queues.filter((one) => waitLevel(one.longest_since, one.target_s, now) === "alarm");
  const alarmed = new Set(late.map((one) => one.name));
  return { alarmed, sounds: late.some((one) => !before.has(one.name)) };
}
