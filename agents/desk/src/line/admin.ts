// What administrators ask of the server, and its answers.
import { call, callWith } from "./session";

export interface MenuLine {
  name: string;
  published: number;
  draft: number | null;
}

export interface VersionLine {
  number: number;
  state: "draft" | "published" | "retired";
  by: string;
  at: number;
  comment: string;
}

export interface DrawnNode {
  name: string;
  kind: string;
  says: string[];
  ways: { on: string; to: string }[];
}

export interface MenuProblem {
  line: number;
  node: string;
  message: string;
}

export interface MenuVersion {
  name: string;
  number: number;
  text: string;
  start: string;
  nodes: DrawnNode[];
  problems: MenuProblem[];
}

export interface Counts {
  since: number;
  nodes: Record<string, number>;
  left: Record<string, number>;
  edges: { from: string; to: string; callers: number }[];
}

export interface PromptLine {
  prompt: string;
  language: string;
  words: string;
  source: "spoken" | "file" | "uploaded";
  seconds: number;
  at: number | null;
}

export interface HouseNow {
  closed: boolean;
  blocked: string[];
  calendars: Record<string, string>;
  overrides: Record<string, string>;
}

const of = (name: string) => `/api/menus/${encodeURIComponent(name)}`;
export const menus = async (): Promise<MenuLine[]> => (await call<{ menus: MenuLine[] }>("GET", "/api/menus")).menus;
export const versions = async (name: string): Promise<VersionLine[]> =>
  (await call<{ versions: VersionLine[] }>("GET", of(name))).versions;
export const version = (name: string, number: number): Promise<MenuVersion> =>
  call<MenuVersion>("GET", `${of(name)}/versions/${number}`);
export const counts = (name: string, since: number): Promise<Counts> => call<Counts>("GET", `${of(name)}/counts?since=${since}`);
export const saveDraft = (name: string, text: string, base: number): Promise<MenuVersion> =>
  callWith<MenuVersion>("PUT", `${of(name)}/draft`, { text, base });
export const publish = (name: string, number: number): Promise<MenuVersion> =>
  callWith<MenuVersion>("POST", `${of(name)}/publish`, { number });
export const rollBack = (name: string, to: number, base: number): Promise<MenuVersion> =>
  callWith<MenuVersion>("POST", `${of(name)}/roll-back`, { to, base });

const at = (one: Pick<PromptLine, "prompt" | "language">) => `/api/prompts/${one.language}/${one.prompt}`;
export const prompts = async (): Promise<PromptLine[]> => (await call<{ prompts: PromptLine[] }>("GET", "/api/prompts")).prompts;
export const upload = (one: PromptLine, file: Blob): Promise<PromptLine> => callWith<PromptLine>("PUT", at(one), file);
export const unUpload = (one: PromptLine): Promise<PromptLine> => callWith<PromptLine>("DELETE", at(one));
export const soundOf = (one: PromptLine): Promise<Blob> => call<Blob>("GET", `${at(one)}/audio`, "blob");

export const house = (): Promise<HouseNow> => call<HouseNow>("GET", "/api/house");
export const close = (closed: boolean): Promise<HouseNow> => callWith<HouseNow>("PUT", "/api/house/closure", { closed });
export const block = (numbers: string[]): Promise<HouseNow> => callWith<HouseNow>("PUT", "/api/house/blocked", { numbers });
export const override = (name: string, stands: "open" | "closed" | null): Promise<HouseNow> =>
  callWith<HouseNow>("PUT", `/api/house/calendars/${name}`, { stands });

// Something that somebody of the house has done; `kind` and `data` as the journal has them.
export interface Deed {
  at: number;
  kind: string;
  by: string;
  agent_id: string | null;
  call_id: string | null;
  data: Record<string, unknown>;
}

export const audit = async (before: number | null, limit: number): Promise<Deed[]> =>
  (await call<{ deeds: Deed[] }>("GET", `/api/audit?limit=${limit}${before === null ? "" : `&before=${before}`}`)).deeds;
