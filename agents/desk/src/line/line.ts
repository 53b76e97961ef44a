// The live line to the server: connects, resumes where it was, notices silence.
import { nowhere, place, resumeOf, type Place } from "../core/place";
import type { ServerMessage } from "../wire";
import { Commands } from "./commands";
import { Refusal, ticket } from "./session";

const SILENT_MS = 5000; // the server speaks every two seconds
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;

export interface Listener {
  message(message: ServerMessage): void;
  away(away: boolean): void;
  out(): void; // no longer logged in
}

export class Line {
  readonly commands = new Commands((message) => this.send(message));
  private socket: WebSocket | null = null;
  private at: Place = nowhere;
  private skewS = 0;
  private heardMs = Date.now();
  private pauseMs = FIRST_PAUSE_MS;
  private timer: number | undefined;
  private attempt = 0;

  constructor(
    private readonly view: "desk" | "wallboard",
    private readonly on: Listener,
  ) {
    setInterval(() => this.socket && Date.now() - this.heardMs > SILENT_MS && this.drop(), 500);
    addEventListener("online", () => this.timer !== undefined && !this.socket && void this.connect());
  }

  // The server's time, in seconds.
  now(): number {
    return Date.now() / 1000 + this.skewS;
  }

  silentForS(): number {
    return (Date.now() - this.heardMs) / 1000;
  }

  open(): void {
    this.pauseMs = FIRST_PAUSE_MS;
    void this.connect();
  }

  close(): void {
    this.attempt += 1;
    this.rest();
    const old = this.socket;
    this.socket = null;
    this.at = nowhere;
    old?.close();
  }

  shown(callId: string): void {
    this.send({ type: "pop_shown", call_id: callId, at: Date.now() / 1000 });
  }

  private rest(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async connect(): Promise<void> {
    const mine = ++this.attempt;
    this.rest();
    let fresh: WebSocket;
    try {
      const asked = new URLSearchParams({ view: this.view, ticket: await ticket(), resume: resumeOf(this.at) });
      if (mine !== this.attempt) return;
      fresh = new WebSocket(`${location.origin.replace("http", "ws")}/ws?${asked}`);
    } catch (error) {
      if (mine !== this.attempt) return;
      if (error instanceof Refusal && error.status === 401) this.on.out();
      else this.again();
      return;
    }
    this.socket = fresh;
    this.heardMs = Date.now();
    fresh.onopen = () => fresh === this.socket && this.commands.resend();
    fresh.onmessage = ({ data }) => fresh === this.socket && this.hear(JSON.parse(String(data)) as ServerMessage);
    fresh.onclose = () => fresh === this.socket && this.again();
  }

  // Also after 4401: perhaps only the token was too old. Asking for a ticket tells.
  private again(): void {
    this.socket = null;
    this.on.away(true);
    this.timer = window.setTimeout(() => void this.connect(), this.pauseMs * (0.5 + Math.random() / 2));
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  private drop(): void {
    const old = this.socket;
    this.again();
    old?.close();
  }

  private hear(message: ServerMessage): void {
    this.heardMs = Date.now();
    if (message.type === "beat" || message.type === "snapshot") this.skewS = message.at - Date.now() / 1000;
    if (message.type === "beat") this.send({ type: "heartbeat" });
    const [verdict, at] = place(this.at, message);
    this.at = at;
    if (verdict === "skip") return;
    if (verdict === "gap") return this.drop();
    if (message.type === "snapshot") this.commands.resend(); // an answer may have given way to the snapshot
    this.pauseMs = FIRST_PAUSE_MS;
    this.on.away(false);
    if (message.type === "answer") this.commands.answered(message);
    else this.on.message(message);
  }

  private send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}
