// The wallboard as one thing; components read it by `inject`.
import { inject, provide, ref, watch, type InjectionKey, type Ref } from "vue";
import { newAlarms } from "../core/alarms";
import { addWaiting, noCurve, type Curve } from "../core/curve";
import { emptyWall, takeWall, totals, type Wall } from "../core/wall";
import { sound } from "../ui/attention";
import { usePage, type PageOf } from "../ui/page";
import { settings } from "../ui/settings";

export const STALE_S = 5;
const TICK_MS = 250;
const ALARM_HERTZ = 440;

export interface WallPage extends PageOf<Wall> {
  curve: Ref<Curve>;
}

const KEY: InjectionKey<WallPage> = Symbol("wall");

export function useWall(): WallPage {
  const wall = inject(KEY);
  if (!wall) throw new Error("a component of the wallboard stands outside it");
  return wall;
}

export function provideWall(): WallPage {
  const wall: WallPage = { ...usePage("wallboard", emptyWall, takeWall, TICK_MS), curve: ref(noCurve) };
  provide(KEY, wall);
  let alarmed: ReadonlySet<string> = new Set();
  watch(wall.now, (now) => {
    if (!wall.inside.value || wall.away.value) return;
    const { queues } = wall.state.value;
    wall.curve.value = addWaiting(wall.curve.value, totals(queues).waiting, now);
    const news = newAlarms(alarmed, queues, now);
    alarmed = news.alarmed;
    if (news.sounds && settings.sound) sound(ALARM_HERTZ);
  });
  return wall;
}
