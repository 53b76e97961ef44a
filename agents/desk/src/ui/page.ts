// What both pages have in common: the line, who is in, what went wrong, the server's time.
import { onUnmounted, ref, shallowRef, type Ref, type ShallowRef } from "vue";
import type { Outcome } from "../line/commands";
import { Line } from "../line/line";
import * as session from "../line/session";
import type { Args, CommandName, Problem, ServerMessage } from "../wire";

export interface PageOf<State> {
  state: ShallowRef<State>;
  inside: Ref<boolean | null>; // null while nobody knows yet
  away: Ref<boolean>;
  told: Ref<Problem | null>;
  now: Ref<number>;
  silentS: Ref<number>;
  start(): void;
  logOut(): Promise<void>;
  ask(name: CommandName, args?: Args): Promise<Outcome>; // what goes wrong is told
  run(name: CommandName, args?: Args): Promise<Outcome>; // whoever asks looks after that
  shown(callId: string): void;
}

const UNREACHABLE: Problem = { code: "unreachable", message: "" };
export const problemOf = (error: unknown): Problem =>
  error instanceof session.Refusal ? { code: error.code, message: error.message } : UNREACHABLE;

export function usePage<State>(
  view: "desk" | "wallboard",
  empty: State,
  take: (state: State, message: ServerMessage, nowMs: number) => State,
  tickMs: number,
): PageOf<State> {
  const state = shallowRef(empty) as ShallowRef<State>;
  const inside = ref<boolean | null>(null);
  const away = ref(false);
  const told = ref<Problem | null>(null);

  const line = new Line(view, {
    message(message) {
      state.value = take(state.value, message, Date.now());
      if (message.type === "snapshot") inside.value = true;
      if (message.type === "snapshot" || message.type === "agent_state") tick(); // a timer never shows another state's
    },
    away: (is) => (away.value = is),
    out: leave,
  });

  const now = ref(line.now());
  const silentS = ref(0);
  function tick(): void {
    now.value = line.now();
    silentS.value = line.silentForS();
  }
  const ticking = setInterval(tick, tickMs);
  onUnmounted(() => clearInterval(ticking));

  function leave(): void {
    line.close();
    state.value = empty;
    told.value = null;
    away.value = false;
    inside.value = false;
  }

  async function logOut(): Promise<void> {
    try {
      await session.logOut();
      leave();
    } catch (error) {
      if (error instanceof session.Refusal && error.status === 401) leave();
      else told.value = problemOf(error);
    }
  }

  const run = (name: CommandName, args?: Args) => line.commands.run(name, args);

  async function ask(name: CommandName, args?: Args): Promise<Outcome> {
    told.value = null;
    const outcome = await run(name, args);
    told.value = outcome.ok ? null : outcome.error;
    return outcome;
  }

  return {
    state, inside, away, told, now, silentS, logOut, ask, run,
    start: () => line.open(),
    shown: (callId) => line.shown(callId),
  };
}
