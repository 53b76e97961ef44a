// What supervisors ask of callers who are off the line: who gave up, who is to be called back, who left a message.
import { call, callWith } from "./session";

export type CallbackState = "asked" | "waiting" | "calling" | "done" | "failed" | "expired";

export interface GivenUp {
  call_id: string;
  at: number | null;
  number: string;
  name: string;
  queue: string;
  back: boolean;
  callback: CallbackState | "";
}

export interface CallbackLine {
  id: string;
  call_id: string;
  number: string;
  queue: string;
  since: number;
  state: CallbackState;
  tries: number;
  due_at: number;
}

export interface MessageLine {
  id: string;
  number: string;
  queue: string;
  at: number;
  seconds: number;
  state: "new" | "heard";
  agent_id: string | null;
}

export const abandoned = async (): Promise<GivenUp[]> => (await call<{ calls: GivenUp[] }>("GET", "/api/abandoned")).calls;
export const callbacks = async (): Promise<CallbackLine[]> =>
  (await call<{ callbacks: CallbackLine[] }>("GET", "/api/callbacks")).callbacks;
export const messages = async (): Promise<MessageLine[]> =>
  (await call<{ messages: MessageLine[] }>("GET", "/api/voicemails")).messages;
export const callBack = (callId: string): Promise<unknown> => callWith("POST", "/api/callbacks", { call_id: callId });
