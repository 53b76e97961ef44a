/** Small helpers. Text always goes in as text, never as markup: a caller's name is the caller's to choose. */

export const $ = (id) => document.getElementById(id);

/** h("p", "note", "text", child...): an element with a class and children. */
export function h(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

export const show = (node, visible) => { node.hidden = !visible; };

/** Seconds as m:ss or h:mm:ss. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}` : `${Math.floor(whole / 60)}:${two(whole % 60)}`;
}

let skew = 0;
let best = Infinity;

/** Learn the server's clock from a message's time; the least delayed message is the truest. */
export function learnClock(at) {
  const behind = Date.now() / 1000 - at;
  if (at > 0 && behind < best) { best = behind; skew = behind; }
}

/** The server's time, UTC seconds. */
export const serverNow = () => Date.now() / 1000 - skew;

export const forgetClock = () => { best = Infinity; };

/** An element that counts up from (or down to) a server time; `tick()` moves all of them. */
export function timer(className, { since = null, until = null }) {
  const node = h("span", `timer ${className}`);
  if (since !== null) node.dataset.since = since;
  if (until !== null) node.dataset.until = until;
  turn(node);
  return node;
}

function turn(node) {
  const { since, until } = node.dataset;
  node.textContent = until ? duration(Number(until) - serverNow() + 0.99) : duration(serverNow() - Number(since));
  if (node.dataset.warn) node.classList.toggle("late", serverNow() - Number(since) > Number(node.dataset.warn));
}

export const tick = () => document.querySelectorAll(".timer").forEach(turn);

export function when(at) {
  const date = new Date(typeof at === "number" ? at * 1000 : at);
  if (Number.isNaN(date.getTime())) return "";
  return date.toLocaleString(document.documentElement.lang, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false });
}
