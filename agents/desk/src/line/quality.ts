// What supervisors ask of recordings and scores.
import type { Question } from "../core/scoring";
import { call, callWith } from "./session";

export interface RecordingLine {
  id: string;
  call_id: string;
  begun_at: number;
  seconds: number | null;
  agents: string[];
  queue: string;
  number: string;
  score: number | null;
}

export interface Filled {
  agent_id: string;
  scorer_id: string;
  at: number;
  answers: Record<string, number | null>;
  score: number;
  comment: string;
}

export interface Card {
  name: string;
  questions: Question[];
  filled: Filled | null;
}

export interface ReportLine {
  agent_id: string;
  cards: number;
  mean: number;
  lowest: number;
  questions: Record<string, number>;
}

export interface Asked {
  since: number;
  until: number;
  queue: string;
  agent: string;
  number: string;
}

const query = (asked: Partial<Asked>): string => {
  const said = Object.entries(asked).filter(([, value]) => value !== "");
  return new URLSearchParams(said.map(([key, value]) => [key, String(value)])).toString();
};
const card = (id: string) => `/api/recordings/${encodeURIComponent(id)}/scorecard`;

export const find = async (asked: Asked): Promise<RecordingLine[]> =>
  (await call<{ recordings: RecordingLine[] }>("GET", `/api/recordings?${query(asked)}`)).recordings;
export const cardOf = (id: string): Promise<Card> => call<Card>("GET", card(id));
export const fill = (id: string, agent_id: string, answers: Record<string, number | null>, comment: string): Promise<Card> =>
  callWith<Card>("PUT", card(id), { agent_id, answers, comment });
export const report = async (asked: Pick<Asked, "since" | "until" | "queue">): Promise<ReportLine[]> =>
  (await call<{ agents: ReportLine[] }>("GET", `/api/scorecards?${query(asked)}`)).agents;
