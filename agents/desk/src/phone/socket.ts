// The page's SIP line as JsSIP wants one. A ticket opens it once, so each attempt asks for a new name and password.
import type { PhoneLogin } from "../wire";

const GONE = [4401, 4409]; // logged out; another page has the phone now

export class PageSocket {
  readonly url = `${location.origin.replace("http", "ws")}/sip`;
  readonly sip_uri = "sip:page.invalid;transport=ws";
  via_transport = "WS";
  onconnect: () => void = () => undefined;
  ondisconnect: (error: boolean, code?: number, reason?: string) => void = () => undefined;
  ondata: <T>(data: T) => void = () => undefined;
  private socket: WebSocket | null = null;
  private attempt = 0;

  constructor(
    private readonly page: string,
    private readonly login: () => Promise<PhoneLogin>,
    private readonly given: (login: PhoneLogin) => void,
    private readonly taken: () => void,
  ) {}

  connect(): void {
    void this.open(++this.attempt);
  }

  private async open(mine: number): Promise<void> {
    let login: PhoneLogin;
    try {
      login = await this.login();
    } catch {
      if (mine === this.attempt) this.ondisconnect(true);
      return;
    }
    if (mine !== this.attempt) return;
    this.given(login);
    const asked = new URLSearchParams({ ticket: login.ticket, page: this.page });
    const socket = (this.socket = new WebSocket(`${this.url}?${asked}`, "sip"));
    socket.onopen = () => socket === this.socket && this.onconnect();
    socket.onmessage = ({ data }) => socket === this.socket && this.ondata(String(data));
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.socket) return;
      this.socket = null;
      if (GONE.includes(code)) this.taken();
      else this.ondisconnect(true, code, reason);
    };
  }

  disconnect(): void {
    this.attempt += 1;
    const old = this.socket;
    this.socket = null;
    old?.close();
  }

  send(message: string): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(message);
    return true;
  }

  isConnected(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  isConnecting(): boolean {
    return this.socket?.readyState === WebSocket.CONNECTING;
  }
}
