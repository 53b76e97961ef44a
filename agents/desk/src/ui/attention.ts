// Ways to reach somebody who looks elsewhere: the title, a notification, a tone. None takes the focus.
import { ref } from "vue";

type Permission = NotificationPermission | "absent";
export const permission = ref<Permission>("Notification" in window ? Notification.permission : "absent");

export async function askToNotify(): Promise<void> {
  permission.value = await Notification.requestPermission();
}

export function notify(title: string, body: string, tag: string): void {
  if (permission.value !== "granted" || !document.hidden) return;
  const note = new Notification(title, { body, tag });
  note.onclick = () => {
    window.focus();
    note.close();
  };
}

const RING_HERTZ = 425;
const ZIP_HERTZ = 880;
const RING_MS = 2000;
let audio: AudioContext | null = null;

// Two short tones. A browser that forbids sound before the first click stays silent, and nothing else happens.
export function sound(hertz: number): void {
  try {
    audio ??= new AudioContext();
    for (const [nth, pitch] of [hertz, hertz * 1.25].entries()) tone(audio, pitch, audio.currentTime + nth * 0.16);
  } catch {
    audio = null;
  }
}

// A telephone that rings, until it is told not to.
let bell: ReturnType<typeof setInterval> | undefined;

export function ringing(on: boolean): void {
  clearInterval(bell);
  if (!on) return;
  sound(RING_HERTZ);
  bell = setInterval(() => sound(RING_HERTZ), RING_MS);
}

// The call is there, though nobody pressed anything.
export const zip = (): void => sound(ZIP_HERTZ);

function tone(context: AudioContext, pitch: number, from: number): void {
  const source = new OscillatorNode(context, { frequency: pitch });
  const loudness = new GainNode(context, { gain: 0 });
  loudness.gain.setValueAtTime(0.12, from);
  loudness.gain.exponentialRampToValueAtTime(0.001, from + 0.15);
  source.connect(loudness).connect(context.destination);
  source.start(from);
  source.stop(from + 0.16);
}
