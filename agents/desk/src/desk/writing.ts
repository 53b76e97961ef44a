// What is written of calls: sent as it is typed, kept over a reload until the server has it, so that nothing is lost.
import { computed, onUnmounted, ref, watch, type Ref } from "vue";
import { choicesOf, confirmed, draftOf, heard, isFinal, unsentIn, type Draft, type Unsent } from "../core/writing";
import type { Desk } from "../core/desk";
import type { PageOf } from "../ui/page";
import type { Problem } from "../wire";

const QUIET_MS = 600;
const AGAIN_MS = 2000;

export interface Writing {
  draft: Ref<Draft | null>;
  choices: Ref<ReturnType<typeof choicesOf>>;
  refused: Ref<Problem | null>; // why the server does not take what was written
  type(note: string): void;
  choose(code: string): void;
  flush(): Promise<unknown>; // send now what is not sent yet
}

export function makeWriting(desk: Pick<PageOf<Desk>, "state" | "run">): Writing {
  const draft = ref<Draft | null>(null);
  const refused = ref<Problem | null>(null);
  const sending = new Map<string, Promise<unknown>>(); // by call
  let unsent: Unsent = {};
  let later: ReturnType<typeof setTimeout> | undefined;

  const whose = computed(() => desk.state.value.me?.id ?? null);
  const callId = computed(() => {
    const { me, pop } = desk.state.value;
    return me && pop && me.activity !== "idle" && me.activity !== "offered" ? pop.call_id : null;
  });
  const choices = computed(() => choicesOf(desk.state.value.dispositions, desk.state.value.pop?.queue ?? ""));
  const key = () => `zongji.unsent.${whose.value}`;

  function keep(now: Unsent): void {
    unsent = now;
    if (Object.keys(unsent).length) sessionStorage.setItem(key(), JSON.stringify(unsent));
    else sessionStorage.removeItem(key());
  }

  watch(whose, (id) => {
    clearTimeout(later);
    unsent = id ? unsentIn(sessionStorage.getItem(key())) : {};
    void flush();
  }, { immediate: true });
  watch(callId, (id) => {
    void flush();
    refused.value = null;
    draft.value = id ? draftOf(id, unsent, desk.state.value.written) : null;
  }, { immediate: true });
  watch(() => desk.state.value.written, (all) => {
    for (const said of all) draft.value &&= heard(draft.value, said);
  });

  // One after another for one call, so that an older text never overtakes a newer one.
  function send(call: string): Promise<unknown> {
    const before = sending.get(call) ?? Promise.resolve();
    const mine = before.then(() => sendNow(call)).finally(() => sending.get(call) === mine && sending.delete(call));
    sending.set(call, mine);
    return mine;
  }

  async function sendNow(call: string): Promise<void> {
    const text = unsent[call];
    if (!text) return;
    const outcome = await desk.run("write_up", { call_id: call, disposition: text.disposition || null, note: text.note });
    if (!outcome.ok && !isFinal(outcome.error?.code ?? "")) return sendAfter(AGAIN_MS);
    keep(confirmed(unsent, call, text));
    if (draft.value?.callId !== call) return;
    refused.value = outcome.error;
    if (outcome.ok && !unsent[call]) draft.value = { ...draft.value, saved: true };
  }

  function flush(): Promise<unknown> {
    clearTimeout(later);
    return Promise.all(Object.keys(unsent).map(send));
  }

  function sendAfter(ms: number): void {
    clearTimeout(later);
    later = setTimeout(() => void flush(), ms);
  }

  function change(part: Partial<Draft>, ms: number): void {
    if (!draft.value) return;
    const { callId: call, disposition, note } = (draft.value = { ...draft.value, ...part, saved: false });
    keep({ ...unsent, [call]: { disposition, note } });
    sendAfter(ms);
  }

  onUnmounted(() => clearTimeout(later));
  return {
    draft, choices, refused, flush,
    type: (note) => change({ note }, QUIET_MS),
    choose: (code) => change({ disposition: draft.value?.disposition === code ? "" : code }, 0),
  };
}
