// The agent's page as one thing: its state, what was drawn, what the day was like. Components read it by `inject`.
import { inject, nextTick, onUnmounted, provide, ref, watch, type InjectionKey, type Ref } from "vue";
import { isPossible, type Asking, type CallAct, type Target } from "../core/call";
import { since, type CallRecord } from "../core/day";
import { emptyDesk, shownState, takeDesk, withoutOldToasts, type Desk, type Shown } from "../core/desk";
import { customerNames, span } from "../core/words";
import type { Outcome } from "../line/commands";
import { colleagues, missedOffers, ownCalls, ownDay } from "../line/session";
import { notify, sound } from "../ui/attention";
import { chinese, said, t } from "../ui/i18n";
import { usePage, type PageOf } from "../ui/page";
import { settings } from "../ui/settings";
import { makeWriting, type Writing } from "./writing";
import type { Colleague, MissedOffer, OwnDay, Pop } from "../wire";

const TICK_MS = 250;
const RING_HERTZ = 660;

// `transfer`, `consult` and `keypad` ask for more first.
export type Pressable = CallAct | "finish_wrap_up";

export interface DeskPage extends PageOf<Desk> {
  shownState(): Shown | "";
  nameOf(pop: Pop): string;
  can(act: CallAct): boolean;
  press(act: Pressable): void;
  sendTo(asking: Asking, to: Target): void;
  dial(number: string, showAs: string | null): Promise<Outcome>;
  toDial: Ref<string>; // what stands in the field for a number
  writing: Writing;
  send(digits: string): void;
  asking: Ref<Asking | null>; // whom the call is to go to
  keypad: Ref<boolean>;
  people: Ref<Colleague[]>;
  recorded: Ref<MissedOffer[]>; // offers missed today, before this page was opened
  look(): Promise<void>; // who can be asked in now
  choose(reason: string | null): void;
  calls: Ref<CallRecord[]>; // today's
  day: Ref<OwnDay | null>;
  unread: Ref<boolean>; // they could not be asked for: what is there is old
}

const KEY: InjectionKey<DeskPage> = Symbol("desk");

export function useDesk(): DeskPage {
  const desk = inject(KEY);
  if (!desk) throw new Error("a component of the desk stands outside it");
  return desk;
}

export function provideDesk(): DeskPage {
  const page = usePage("desk", emptyDesk, takeDesk, TICK_MS);
  const calls = ref<CallRecord[]>([]);
  const unread = ref(false);
  const day = ref<OwnDay | null>(null);
  const asking = ref<Asking | null>(null);
  const keypad = ref(false);
  const toDial = ref("");
  const writing = makeWriting(page);
  const people = ref<Colleague[]>([]);
  const recorded = ref<MissedOffer[]>([]);
  let keys: Promise<unknown> = Promise.resolve(); // one after another, in order
  const desk: DeskPage = {
    ...page,
    calls,
    day,
    unread,
    shownState: () => (page.state.value.me ? shownState(page.state.value.me) : ""),
    nameOf: (pop) => customerNames(pop, chinese.value)[0] ?? t("customer.unknown"),
    asking,
    keypad,
    toDial,
    writing,
    people,
    recorded,
    look: async () => {
      people.value = await colleagues().catch(() => people.value);
    },
    can: (act) => isPossible(act, page.state.value.call, page.state.value.me),
    press: (act) => {
      if (act === "transfer" || act === "consult") asking.value = act;
      else if (act === "keypad") keypad.value = !keypad.value;
      else if (act === "mute") void page.ask("mute", { on: !page.state.value.call?.muted });
      else if (act === "finish_wrap_up") void writing.flush().then(() => page.ask(act));
      else void page.ask(act);
    },
    sendTo: (how, to) => void page.ask(how, { to }),
    dial: (number, showAs) => page.ask("dial", { number, show_as: showAs }),
    send: (digits) => void (keys = keys.then(() => page.ask("send_digits", { digits }))),
    choose: (reason) =>
      void page.ask("set_status", reason ? { status: "not_ready", reason } : { status: "ready" }),
  };
  provide(KEY, desk);
  tellWhenDrawn(desk);
  keepTheDay(desk);
  keepTheTitle(desk);
  watch(desk.inside, async (inside) => {
    recorded.value = [];
    if (!inside || !page.state.value.me) return;
    void desk.look();
    recorded.value = await missedOffers().catch(() => []);
  });
  watch(
    () => [desk.can("transfer"), desk.can("keypad")],
    ([goes, keyed]) => {
      if (!goes) asking.value = null;
      if (!keyed) keypad.value = false;
    },
  );
  watch(desk.now, () => (page.state.value = withoutOldToasts(page.state.value, Date.now())));
  return desk;
}

// The server rings the phone once the record has been painted: after the frame that follows.
function tellWhenDrawn(desk: DeskPage): void {
  watch(
    () => desk.state.value.popsDrawn,
    async () => {
      const pop = desk.state.value.pop;
      if (!pop) return;
      await nextTick();
      requestAnimationFrame(() => requestAnimationFrame(() => desk.shown(pop.call_id)));
      if (settings.sound) sound(RING_HERTZ);
      const waited = span(pop.waited_s);
      notify(
        t("notice.title", { name: desk.nameOf(pop) }),
        t("notice.body", { queue: said(pop.queue), waited }),
        pop.call_id,
      );
    },
  );
}

function keepTheDay(desk: DeskPage): void {
  async function ask(): Promise<void> {
    if (!desk.state.value.me) return;
    try {
      const [all, day] = await Promise.all([ownCalls(), ownDay()]);
      desk.calls.value = since(all, day.since); // the house's midnight, not the browser's
      desk.day.value = day;
      desk.unread.value = false;
    } catch {
      desk.unread.value = true;
    }
  }
  // The journal writes behind the call: what has just ended is there a moment later.
  let later: ReturnType<typeof setTimeout> | undefined;
  const askLater = () => {
    clearTimeout(later);
    later = setTimeout(() => void ask(), 2000);
  };
  watch(desk.inside, (inside) => {
    desk.calls.value = []; // another person's, perhaps
    desk.day.value = null;
    if (inside) void ask();
  });
  watch(desk.away, (away) => !away && desk.unread.value && askLater());
  // Whenever the agent is through with something, or begins or ends a pause.
  const resting = () => (desk.state.value.me?.activity === "idle" ? desk.state.value.me.since : 0);
  watch(() => [desk.state.value.callsEnded, resting()], askLater);
  onUnmounted(() => clearTimeout(later));
}

// While a call is offered the title alternates, so that a tab in the background is seen.
function keepTheTitle(desk: DeskPage): void {
  const title = () => {
    const { me, pop } = desk.state.value;
    if (!me || !pop || me.activity === "idle") return t("page.desk");
    const flash = me.activity === "offered" && Math.floor(desk.now.value) % 2 === 1;
    return flash ? `▶ ${said("offered")}` : `☎ ${desk.nameOf(pop)}`;
  };
  watch(title, (words) => (document.title = words), { immediate: true });
}
