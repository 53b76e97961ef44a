// Who is logged in. The access token lives in this module only; the cookie that renews it is out of reach of scripts.
import type { CallRecord } from "../core/day";
import type { Colleague, Day, HostFacts, LeftMessage, MissedOffer, PhoneLogin, Problem, Staff, OwnDay, Recording, TakenOrder, WantedOrder } from "../wire";

interface Session {
  token: string;
}

export interface About {
  version: string;
  demo: boolean;
}

export interface Me {
  id: string;
  name: string;
  name_en: string;
  role: string;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

let token = "";

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfter: string | null = null,
  ) {
    super(message);
  }
}

// A Refusal when the server says no; any other error means that it did not answer.
async function request<T>(method: Method, path: string, body?: unknown, kind: "json" | "blob" = "json"): Promise<T> {
  const plain = body instanceof Blob;
  const headers = { "Content-Type": plain ? "application/octet-stream" : "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const sends = method === "POST" || method === "PUT";
  const answer = await fetch(path, { method, headers, ...(sends && { body: plain ? body : JSON.stringify(body ?? {}) }) });
  if (answer.ok && kind === "blob") return (await answer.blob()) as T;
  const said: unknown = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (answer.ok) return said as T;
  const problem = (said as { error?: Problem } | null)?.error ?? { code: "failed", message: "" };
  throw new Refusal(answer.status, problem.code, problem.message, answer.headers.get("Retry-After"));
}

async function enter(path: string, body?: unknown): Promise<void> {
  token = "";
  token = (await request<Session>("POST", path, body)).token;
}

export const logIn = (login: string, password: string): Promise<void> => enter("/api/login", { login, password });

// As whoever is logged in; a token that is missing or too old is renewed once.
async function renewed<T>(ask: () => Promise<T>): Promise<T> {
  if (!token) await enter("/api/refresh");
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 401) throw error;
    await enter("/api/refresh");
    return ask();
  }
}

export const call = <T>(method: Method, path: string, kind: "json" | "blob" = "json"): Promise<T> =>
  renewed(() => request<T>(method, path, undefined, kind));

export const callWith = <T>(method: Method, path: string, body?: unknown): Promise<T> =>
  renewed(() => request<T>(method, path, body));

export const ticket = async (): Promise<string> => (await call<{ ticket: string }>("POST", "/api/ws-ticket")).ticket;

export const ownCalls = async (): Promise<CallRecord[]> =>
  (await call<{ calls: CallRecord[] }>("GET", "/api/calls?limit=500")).calls;

export const ownDay = (): Promise<OwnDay> => call<OwnDay>("GET", "/api/me/day");

export const recordingsOf = async (callId: string): Promise<Recording[]> =>
  (await call<{ recordings: Recording[] }>("GET", `/api/calls/${encodeURIComponent(callId)}/recordings`)).recordings;

export const hostFacts = (callId: string, anew: boolean): Promise<HostFacts> =>
  call<HostFacts>("GET", `/api/calls/${encodeURIComponent(callId)}/host?anew=${anew}`);

export const messageOf = (id: string): Promise<LeftMessage> => call<LeftMessage>("GET", `/api/voicemails/${encodeURIComponent(id)}`);

export const takeOrder = (callId: string, wanted: WantedOrder): Promise<TakenOrder> =>
  callWith<TakenOrder>("POST", `/api/calls/${encodeURIComponent(callId)}/orders`, wanted);

export const ordersOf = async (callId: string): Promise<TakenOrder[]> =>
  (await call<{ orders: TakenOrder[] }>("GET", `/api/calls/${encodeURIComponent(callId)}/orders`)).orders;

export const whoIs = (): Promise<Me> => call<Me>("GET", "/api/me");

export const staff = (): Promise<Staff> => call<Staff>("GET", "/api/staff");

export const dayCurve = (queue: string): Promise<Day> =>
  call<Day>("GET", `/api/day?${new URLSearchParams(queue ? { queue } : {})}`);

export const phoneLogin = (): Promise<PhoneLogin> => call<PhoneLogin>("POST", "/api/phone");

export const boothLogin = (number: string): Promise<PhoneLogin> => request<PhoneLogin>("POST", "/api/booth", { number });

export const colleagues = async (): Promise<Colleague[]> =>
  (await call<{ people: Colleague[] }>("GET", "/api/directory")).people;

export const missedOffers = async (): Promise<MissedOffer[]> =>
  (await call<{ offers: MissedOffer[] }>("GET", "/api/missed")).offers;

export const about = (): Promise<About> => request<About>("GET", "/api/about");

export async function logOut(): Promise<void> {
  await call<null>("POST", "/api/logout");
  token = "";
}
