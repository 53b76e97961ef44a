// The agent's page as one thing: its state, what was drawn, what the day was like. Components read it by `inject`.
import { inject, nextTick, onUnmounted, provide, ref, watch, type InjectionKey, type Ref } from "vue";
import { dayOf, midnight, since, type CallRecord } from "../core/day";
import { emptyDesk, shownState, takeDesk, withoutOldToasts, type CallButton, type Desk, type Shown } from "../core/desk";
import { customerNames, span } from "../core/words";
import { ownCalls } from "../line/session";
import { notify, sound } from "../ui/attention";
import { chinese, said, t } from "../ui/i18n";
import { usePage, type PageOf } from "../ui/page";
import { settings } from "../ui/settings";
import type { Pop } from "../wire";

const TICK_MS = 250;
const RING_HERTZ = 660;
const CALLS_ASKED = 500;

export interface DeskPage extends PageOf<Desk> {
  shownState(): Shown | "";
  nameOf(pop: Pop): string;
  press(button: CallButton): void;
  choose(reason: string | null): void;
  calls: Ref<CallRecord[]>; // today's
  unread: Ref<boolean>; // they could not be asked for: what is there is old
  partial: Ref<boolean>;
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
  const partial = ref(false);
  const desk: DeskPage = {
    ...page,
    calls,
    unread,
    partial,
    shownState: () => (page.state.value.me ? shownState(page.state.value.me) : ""),
    nameOf: (pop) => customerNames(pop, chinese.value)[0] ?? t("customer.unknown"),
    press: (button) => void page.ask(button),
    choose: (reason) =>
      void page.ask("set_status", reason ? { status: "not_ready", reason } : { status: "ready" }),
  };
  provide(KEY, desk);
  tellWhenDrawn(desk);
  keepTheDay(desk);
  keepTheTitle(desk);
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
      const all = await ownCalls();
      desk.calls.value = since(all, midnight(desk.now.value * 1000));
      desk.partial.value = all.length >= CALLS_ASKED && desk.calls.value.length === all.length;
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
    if (inside) void ask();
  });
  watch(desk.away, (away) => !away && desk.unread.value && askLater());
  watch(() => desk.state.value.callsEnded, askLater);
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

export const dayFigures = (desk: DeskPage) => dayOf(desk.calls.value);
