// A menu as a picture: where each node and each way lies. Pure.
import dagre from "@dagrejs/dagre";
import type { Counts, DrawnNode } from "../line/admin";

export interface Box {
  name: string;
  kind: string;
  x: number; // of its middle
  y: number;
  callers: number;
  left: number;
}

export interface Road {
  key: string;
  from: string;
  to: string;
  path: string;
  on: string; // what must happen, the ways of one pair of nodes together
  at: { x: number; y: number };
  callers: number;
  width: number;
}

export interface Picture {
  width: number;
  height: number;
  boxes: Box[];
  roads: Road[];
}

export const BOX = { width: 150, height: 46 };
const WIDEST = 7;

export function picture(nodes: DrawnNode[], counts: Counts | null): Picture {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 16, ranksep: 70, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map((one) => one.name));
  for (const one of nodes) graph.setNode(one.name, { ...BOX });
  const joined = new Map<string, { from: string; to: string; on: string[] }>();
  for (const one of nodes) {
    for (const { on, to } of one.ways) {
      const key = `${one.name} ${to}`;
      if (!known.has(to)) continue;
      if (!joined.has(key)) joined.set(key, { from: one.name, to, on: [] });
      joined.get(key)?.on.push(on);
    }
  }
  for (const { from, to } of joined.values()) graph.setEdge(from, to, { width: 30, height: 14, labelpos: "c" });
  dagre.layout(graph);
  const went = new Map((counts?.edges ?? []).map((edge) => [`${edge.from} ${edge.to}`, edge.callers]));
  const most = Math.max(1, ...went.values());
  const roads = [...joined].map(([key, { from, to, on }]): Road => {
    const edge = graph.edge(from, to);
    const callers = went.get(key) ?? 0;
    return {
      key, from, to, on: on.join(" "), callers, path: smooth(edge.points),
      at: { x: edge.x ?? 0, y: edge.y ?? 0 }, width: callers ? 1.5 + (WIDEST * callers) / most : 1.2,
    };
  });
  const boxes = nodes.map((one): Box => {
    const { x, y } = graph.node(one.name);
    return { name: one.name, kind: one.kind, x, y, callers: counts?.nodes[one.name] ?? 0, left: counts?.left[one.name] ?? 0 };
  });
  const { width = 0, height = 0 } = graph.graph();
  return { width, height, boxes, roads };
}

// Through the points, round at each but the first and the last.
function smooth(points: { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  const last = rest.pop();
  if (!first || !last) return "";
  const bends = rest.map((point, n) => {
    const next = rest[n + 1] ?? last;
    return `Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`;
  });
  return `M${first.x} ${first.y}${bends.join("")}L${last.x} ${last.y}`;
}

// What is new against what is in force, a line each: "+", "-" or " ".
export function difference(before: string, after: string): { sign: "+" | "-" | " "; line: string }[] {
  const [old, young] = [before.split("\n"), after.split("\n")];
  const table = Array.from({ length: old.length + 1 }, () => new Uint16Array(young.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = young.length - 1; j >= 0; j--) {
      const row = table[i] as Uint16Array;
      row[j] = old[i] === young[j] ? (table[i + 1]?.[j + 1] ?? 0) + 1 : Math.max(table[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  const found: { sign: "+" | "-" | " "; line: string }[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < young.length) {
    if (i < old.length && j < young.length && old[i] === young[j]) {
      found.push({ sign: " ", line: old[i++] ?? "" });
      j++;
    } else if (j >= young.length || (i < old.length && (table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0))) found.push({ sign: "-", line: old[i++] ?? "" });
    else found.push({ sign: "+", line: young[j++] ?? "" });
  }
  return found;
}
