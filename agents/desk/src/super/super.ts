// The supervisor's page as one thing; components read it by `inject`.
import { computed, inject, provide, ref, watch, type ComputedRef, type InjectionKey, type Ref, type WritableComputedRef } from "vue";
import type { Asking, Target } from "../core/call";
import { withoutOldToasts } from "../core/desk";
import { everybody, nothingYet, picked, possible, step, takeSupervision, type Action, type Pick, type Supervision } from "../core/supervise";
import { colleagues, Refusal, staff, whoIs, type Me } from "../line/session";
import { usePage, type PageOf } from "../ui/page";
import type { AgentView, Colleague, SpyMode, Staff, SuperCommands } from "../wire";
import type { CallPress } from "./keys";

const TICK_MS = 500;
const AGAIN_MS = 2000;
const STALE_S = 5;

export interface SuperPage extends PageOf<Supervision> {
  who: Ref<Me | null>;
  refused: Ref<boolean>; // an agent, who may not be here
  pick: Ref<Pick>;
  listed: ComputedRef<AgentView[]>;
  chosen: ComputedRef<AgentView | null>;
  choose(agentId: string | null): void;
  move(by: number): void;
  can(action: Action): boolean;
  open: Ref<Action | "later" | null>; // the dialog
  known: Ref<Staff | null>; // who can do what
  learn(): Promise<void>;
  order<Name extends keyof SuperCommands>(name: Name, args: SuperCommands[Name]): Promise<boolean>;
  press(what: Action | CallPress | "stop" | "later"): void;
  asking: Ref<Asking | null>; // whom a call that was taken over is to go to
  people: Ref<Colleague[]>;
  look(): Promise<void>;
  sendTo(asking: Asking, to: Target): void;
  stale: ComputedRef<boolean>;
  enter(): Promise<void>;
}

const KEY: InjectionKey<SuperPage> = Symbol("supervisor");

export function useSuper(): SuperPage {
  const page = inject(KEY);
  if (!page) throw new Error("a component of the supervisor's page stands outside it");
  return page;
}

// Whether this dialog is open; to say so closes any other.
export function useDialog(name: Action | "later"): WritableComputedRef<boolean> {
  const { open } = useSuper();
  return computed({ get: () => open.value === name, set: (is) => (open.value = is ? name : null) });
}

export function provideSuper(): SuperPage {
  const page = usePage("desk", nothingYet, takeSupervision, TICK_MS);
  const who = ref<Me | null>(null);
  const refused = ref(false);
  const pick = ref<Pick>({ ...everybody });
  const chosenId = ref<string | null>(null);
  const open = ref<Action | "later" | null>(null);
  const known = ref<Staff | null>(null);
  const listed = computed(() => picked(page.state.value.agents, pick.value, known.value?.agents ?? {}));
  const chosen = computed(() => page.state.value.agents.find((one) => one.id === chosenId.value) ?? null);

  // An agent's own page is the desk: to open this line as one would log the agent in.
  async function enter(): Promise<void> {
    try {
      who.value = await whoIs();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) page.inside.value = false;
      else setTimeout(() => void enter(), AGAIN_MS);
      return;
    }
    refused.value = who.value.role === "agent";
    if (!refused.value) page.start();
  }

  async function learn(): Promise<void> {
    known.value = await staff().catch(() => known.value);
  }
  watch(page.inside, (inside) => inside && void learn());

  async function order<Name extends keyof SuperCommands>(name: Name, args: SuperCommands[Name]): Promise<boolean> {
    const { ok } = await page.ask(name, args);
    if (ok && (name === "set_skills" || name === "set_queues")) await learn();
    return ok;
  }

  // One who listens already changes the manner; another agent is a new beginning.
  async function listen(mode: SpyMode): Promise<void> {
    const agent = chosen.value;
    if (!agent) return;
    const on = page.state.value.listening?.agent_id === agent.id;
    if (!on && !(await order("listen", { agent_id: agent.id }))) return;
    if (on || mode !== "listen") await order("spy_mode", { mode });
  }

  const stale = computed(() => page.inside.value === true && page.silentS.value > STALE_S);
  const can = (action: Action): boolean =>
    possible(action, chosen.value) && (action !== "take_over" || page.state.value.listening?.state === "on");

  const people = ref<Colleague[]>([]);
  const asking = ref<Asking | null>(null);
  const taken = computed(() => (page.state.value.listening?.state === "taken" ? page.state.value.listening : null));
  watch(taken, (is) => is || (asking.value = null));

  function press(what: Action | CallPress | "stop" | "later"): void {
    if (what === "later") return void (open.value = what);
    if (what === "hold") return void (taken.value && page.ask(taken.value.held ? "resume" : "hold"));
    if (what === "transfer") return void (taken.value && (asking.value = "transfer"));
    if (what === "stop") return void (page.state.value.listening && order("stop_listening", {}));
    if (what !== "message" && !can(what)) return;
    if (what === "listen" || what === "whisper" || what === "barge") void listen(what);
    else if (what === "take_over") void order("take_over", {});
    else if (what === "message" || what === "skills") open.value = what;
  }

  const supervisor: SuperPage = {
    ...page, who, refused, pick, listed, chosen, open, known, order, enter, learn, press, stale, can, asking, people,
    look: async () => {
      people.value = await colleagues().catch(() => people.value);
    },
    sendTo: (how, to) => void page.ask(how, { to }),
    choose: (agentId) => (chosenId.value = agentId),
    move: (by) => (chosenId.value = step(listed.value, chosenId.value, by)),
  };
  provide(KEY, supervisor);
  watch(page.now, () => (page.state.value = withoutOldToasts(page.state.value, Date.now())));
  return supervisor;
}
