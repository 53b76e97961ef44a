// Commands without an answer. Each is sent until it is answered, always under its key, so that it is done once.
import type { Answer, Args, CommandName, Problem } from "../wire";

const COMMAND_MS = 5000; // a command older than this could meet another call than it was meant for

export interface Outcome {
  ok: boolean;
  error: Problem | null;
}

export interface Sent {
  type: "command";
  key: string;
  name: CommandName;
  args: Args;
}

// Random numbers so, because randomUUID is for https only.
const newKey = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-");

export class Commands {
  private readonly open = new Map<string, { message: Sent; resolve: (outcome: Outcome) => void }>();

  constructor(private readonly send: (message: Sent) => void) {}

  run(name: CommandName, args: Args = {}): Promise<Outcome> {
    const message: Sent = { type: "command", key: newKey(), name, args };
    const outcome = new Promise<Outcome>((resolve) => this.open.set(message.key, { message, resolve }));
    const unsent: Outcome = { ok: false, error: { code: "unsent", message: "" } };
    setTimeout(() => this.settle(message.key, unsent), COMMAND_MS);
    this.send(message);
    return outcome;
  }

  answered(answer: Answer): void {
    this.settle(answer.key, answer);
  }

  resend(): void {
    for (const { message } of this.open.values()) this.send(message);
  }

  private settle(key: string, outcome: Outcome): void {
    this.open.get(key)?.resolve(outcome);
    this.open.delete(key);
  }
}
