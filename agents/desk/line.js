// The live line to the server: connects, resumes where it was, notices silence, sends each command until it is answered.
import { ticket } from "./session.js";

const SILENT_MS = 5000; // the server speaks every two seconds
const COMMAND_MS = 5000; // a command older than this could meet another call than it was meant for
const LONGEST_PAUSE_MS = 4000;

const waiting = new Map(); // commands without an answer, by key
let view, on; // on: message(m), away(bool), out()
let socket = null;
let stream = "";
let seq = 0;
let skew = 0;
let heard = 0;
let pause = 250;
let timer = 0;
let attempt = 0;

// The server's time, in seconds.
export const now = () => Date.now() / 1000 + skew;
export const silentFor = () => (Date.now() - heard) / 1000;

export function open(which, handlers) {
  [view, on] = [which, handlers];
  pause = 250;
  connect();
}

export function close() {
  attempt += 1;
  clearTimeout(timer);
  const old = socket;
  socket = null;
  [stream, seq] = ["", 0];
  old?.close();
}

async function connect() {
  const mine = ++attempt;
  clearTimeout(timer);
  let fresh;
  try {
    const address = new URLSearchParams({ view, ticket: await ticket(), resume: stream && `${stream}:${seq}` });
    if (mine !== attempt) return;
    fresh = new WebSocket(`${location.origin.replace("http", "ws")}/ws?${address}`);
  } catch (error) {
    if (mine === attempt) error.status === 401 ? on.out() : again();
    return;
  }
  socket = fresh;
  heard = Date.now();
  fresh.onopen = () => fresh === socket && resend();
  fresh.onmessage = ({ data }) => fresh === socket && hear(JSON.parse(data));
  fresh.onclose = () => fresh === socket && again();
}

// Also after 4401: perhaps only the token was too old. Asking for a ticket tells.
function again() {
  socket = null;
  on.away(true);
  timer = setTimeout(connect, pause * (0.5 + Math.random() / 2));
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
}

function drop() {
  const old = socket;
  again();
  old.close();
}

function hear(message) {
  heard = Date.now();
  if (message.type === "beat" || message.type === "snapshot") skew = message.at - Date.now() / 1000;
  if (message.type === "beat") send({ type: "heartbeat" });
  if (message.type === "snapshot") {
    [stream, seq] = [message.stream, message.seq];
    resend(); // an answer may have given way to the snapshot
  } else if (message.seq) {
    if (message.seq <= seq) return;
    if (message.seq !== seq + 1) {
      stream = "";
      return drop();
    }
    seq = message.seq;
  }
  pause = 250;
  on.away(false);
  if (message.type === "answer") settle(message.key, message);
  else on.message(message);
}

const send = (message) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));

// What became of it: { ok, error }. Random numbers so, because randomUUID is for https only.
export function command(name, args = {}) {
  const key = Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-");
  const message = { type: "command", key, name, args };
  const answer = new Promise((resolve) => waiting.set(key, { message, resolve }));
  setTimeout(settle, COMMAND_MS, key, { ok: false, error: { code: "unsent" } });
  send(message);
  return answer;
}

function settle(key, answer) {
  waiting.get(key)?.resolve(answer);
  waiting.delete(key);
}

const resend = () => waiting.forEach(({ message }) => send(message));

export const shown = (call_id) => send({ type: "pop_shown", call_id, at: Date.now() / 1000 });

setInterval(() => socket && Date.now() - heard > SILENT_MS && drop(), 500);
addEventListener("online", () => timer && !socket && on && connect());
