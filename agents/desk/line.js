/** The live line to the server: reconnects, resumes by number, sends a command again under its key until answered. */

import { api } from "./api.js";
import { forgetClock, learnClock } from "./dom.js";

const NOT_LOGGED_IN = 4401;
const HEARTBEAT_MS = 5000;
const ANSWER_MS = 8000;

export class Line {
  /** `on(message)` gets every message once, in order; `onState(up)` the line's state; `onOut()` that the log-in is over. */
  constructor({ view = "desk", on, onState, onOut }) {
    Object.assign(this, { view, on, onState, onOut });
    this.stream = "";
    this.seq = 0;
    this.asked = new Map();
    this.tries = 0;
    this.closed = false;
  }

  open() {
    this.connect().catch((error) => (error.status === 401 ? this.out() : this.again()));
  }

  async connect() {
    const { ticket } = await api("POST", "/api/ws-ticket");
    if (this.closed) return;
    const query = new URLSearchParams({ ticket, view: this.view });
    if (this.stream) query.set("resume", `${this.stream}:${this.seq}`);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = (this.socket = new WebSocket(`${scheme}://${location.host}/ws?${query}`));
    socket.onopen = () => this.opened(socket);
    socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    socket.onclose = (event) => this.lost(socket, event.code);
  }

  opened(socket) {
    this.tries = 0;
    forgetClock();
    this.heart = setInterval(() => socket.send('{"type":"heartbeat"}'), HEARTBEAT_MS);
    this.onState(true);
    for (const { text } of this.asked.values()) socket.send(text);
  }

  hear(message) {
    learnClock(message.at);
    if (message.type === "answer") return this.answered(message);
    if (message.type === "snapshot") {
      this.stream = message.stream;
      this.seq = message.seq;
    } else if (message.seq) {
      if (message.seq <= this.seq) return undefined;
      this.seq = message.seq;
    }
    return this.on(message);
  }

  lost(socket, code) {
    if (this.socket !== socket) return;
    clearInterval(this.heart);
    this.socket = null;
    if (this.closed) return;
    if (code === NOT_LOGGED_IN) this.out();
    else this.again();
  }

  /** A line that gives no answer is dead, whatever the browser thinks of it. */
  drop() {
    const { socket } = this;
    if (!socket) return;
    this.lost(socket, 1006);
    socket.close();
  }

  again() {
    if (this.closed) return;
    this.onState(false);
    const wait = Math.min(5000, 250 * 2 ** this.tries++) * (0.5 + Math.random());
    this.retry = setTimeout(() => this.open(), wait);
  }

  out() {
    if (this.closed) return;
    this.close();
    this.onOut();
  }

  close() {
    this.closed = true;
    clearTimeout(this.retry);
    clearInterval(this.heart);
    this.socket?.close();
  }

  say(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** The answer to a command; rejects with its error's code, or "no_answer". */
  command(name, args = {}) {
    const key = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const text = JSON.stringify({ type: "command", key, name, args });
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.asked.delete(key);
        this.drop();
        reject(Object.assign(new Error("no answer"), { code: "no_answer" }));
      }, ANSWER_MS);
      this.asked.set(key, { text, resolve, reject, late });
      if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
    });
  }

  answered({ key, ok, error }) {
    const asked = this.asked.get(key);
    if (!asked) return;
    this.asked.delete(key);
    clearTimeout(asked.late);
    if (ok) asked.resolve();
    else asked.reject(Object.assign(new Error(error.message), { code: error.code }));
  }
}
