// The draft of the call on the screen: sent as it is typed, so that nothing typed is lost.
import { computed, onUnmounted, ref, watch, type Ref } from "vue";
import { blank, choicesOf, heard, type Draft } from "../core/writing";
import type { DeskPage } from "./desk";

const QUIET_MS = 600;
const AGAIN_MS = 2000;

export function useWriting(desk: DeskPage): {
  draft: Ref<Draft | null>;
  type(note: string): void;
  choose(code: string): void;
  choices: Ref<ReturnType<typeof choicesOf>>;
} {
  const draft = ref<Draft | null>(null);
  let later: ReturnType<typeof setTimeout> | undefined;

  const callId = computed(() => {
    const { me, pop } = desk.state.value;
    return me && pop && me.activity !== "idle" && me.activity !== "offered" ? pop.call_id : null;
  });
  const choices = computed(() => choicesOf(desk.state.value.dispositions, desk.state.value.pop?.queue ?? ""));

  watch(callId, (id) => {
    clearTimeout(later);
    draft.value = id ? blank(id) : null;
    for (const said of desk.state.value.written) draft.value = heard(draft.value, said);
  }, { immediate: true });
  watch(() => desk.state.value.written, (all) => {
    for (const said of all) draft.value = heard(draft.value, said);
  });

  async function send(): Promise<void> {
    const mine = draft.value;
    if (!mine || mine.saved) return;
    const { callId: call_id, disposition, note } = mine;
    const outcome = await desk.ask("write_up", { call_id, disposition: disposition || null, note });
    const now = draft.value;
    if (outcome.ok && now?.callId === call_id && now.note === note && now.disposition === disposition) {
      draft.value = { ...now, saved: true };
    } else if (draft.value && !draft.value.saved) sendAfter(AGAIN_MS);
  }

  function sendAfter(ms: number): void {
    clearTimeout(later);
    later = setTimeout(() => void send(), ms);
  }

  function change(part: Partial<Draft>, ms: number): void {
    if (!draft.value) return;
    draft.value = { ...draft.value, ...part, saved: false };
    sendAfter(ms);
  }

  onUnmounted(() => clearTimeout(later));
  return {
    draft, choices,
    type: (note) => change({ note }, QUIET_MS),
    choose: (code) => change({ disposition: draft.value?.disposition === code ? "" : code }, 0),
  };
}
