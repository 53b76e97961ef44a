// A page's telephone: one tab has it, the others look on until somebody takes it over.
import { computed, inject, onUnmounted, provide, reactive, watch, type InjectionKey } from "vue";
import { qualityOf, statusAfter, type Figures, type PhoneStatus, type Quality, type SessionState } from "../core/phone";
import { phoneLogin } from "../line/session";
import { Softphone } from "../phone/softphone";
import { ringing, zip } from "../ui/attention";
import { settings } from "../ui/settings";

const LOCK = "zongji.phone";
const AGAIN_MS = 3000;

// What the page says of itself: whether somebody is in who has a telephone, and is not to be heard.
export interface Owner {
  there(): boolean;
  muted(): boolean;
}

function makePhone(owner: Owner) {
  const page = Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(16)).join("-");
  const view = reactive({
    status: "off" as PhoneStatus,
    session: "none" as SessionState,
    quality: "good" as Quality,
    micLevel: 0,
    farLevel: 0,
  });
  let before: Figures | null = null;
  let letGo: (() => void) | null = null;
  let waiting: AbortController | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  const phone = new Softphone(page, phoneLogin, {
    registered: (is) => {
      if (view.status !== "elsewhere" && view.status !== "off") view.status = is ? "registered" : "connecting";
    },
    session: (state) => {
      if (state === "talking" && view.session !== "ringing") zip();
      if (state === "talking") phone.mute(muted.value);
      view.session = state;
      before = null;
    },
    figures: (now) => {
      view.quality = qualityOf(before, now);
      view.micLevel = muted.value ? 0 : now.micLevel;
      view.farLevel = now.farLevel;
      before = now;
    },
    taken: () => (view.status = "elsewhere"),
  });
  const muted = computed(owner.muted);
  watch(muted, (on) => phone.mute(on));
  watch(() => view.session, (state) => ringing(state === "ringing"));

  async function start(): Promise<void> {
    view.status = "asking";
    try {
      await phone.start(settings);
      view.status = view.status === "asking" ? "connecting" : view.status;
    } catch (error) {
      view.status = statusAfter(error);
      if (view.status === "connecting") again = setTimeout(() => void start(), AGAIN_MS);
    }
  }

  const hold = () =>
    new Promise<void>((resolve) => {
      letGo = resolve;
      void start();
    });

  // Whoever holds the lock has the phone. A tab that closes lets go of it by itself; the next in line goes on.
  function standInLine(): void {
    waiting = new AbortController();
    view.status = "elsewhere";
    navigator.locks.request(LOCK, { signal: waiting.signal }, hold).catch(() => lost());
  }

  function takeOver(): void {
    waiting?.abort();
    navigator.locks.request(LOCK, { steal: true }, hold).catch(() => lost());
  }

  // Another tab has taken it, or we do not stand in line any more.
  function lost(): void {
    if (!letGo) return;
    letGo = null;
    phone.stop();
    standInLine();
  }

  function begin(): void {
    if (!settings.inPage) return void (view.status = "off");
    if (!isSecureContext) return void (view.status = "insecure");
    if (!letGo) standInLine();
  }

  function end(): void {
    clearTimeout(again);
    waiting?.abort();
    phone.stop();
    view.status = "off";
    letGo?.();
    letGo = null;
  }

  watch(() => owner.there() && settings.inPage, (is) => (is ? begin() : end()));
  watch(() => [settings.microphone, settings.speaker], () => letGo && void phone.listen(settings).catch(() => undefined));
  const leaving = () => phone.stop();
  addEventListener("pagehide", leaving);
  onUnmounted(() => removeEventListener("pagehide", leaving));
  return { view, answer: () => phone.answer(), takeOver, retry: () => void start() };
}

export type PagePhone = ReturnType<typeof makePhone>;
const KEY: InjectionKey<PagePhone> = Symbol("phone");

export function providePhone(owner: Owner): PagePhone {
  const phone = makePhone(owner);
  provide(KEY, phone);
  return phone;
}

export function usePhone(): PagePhone {
  const phone = inject(KEY);
  if (!phone) throw new Error("a component of the phone stands outside its page");
  return phone;
}
