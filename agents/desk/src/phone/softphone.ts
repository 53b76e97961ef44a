// A telephone in the page: registers, rings, answers, is heard. Whoever owns it is told; it draws nothing.
import type { PhoneLogin } from "../wire";
import type { Figures } from "../core/phone";
import { PageSocket } from "./socket";
import type { UA } from "jssip/lib/UA";
import type { RTCSession } from "jssip/lib/RTCSession";
import type { RTCSessionEvent } from "jssip/lib/UA";

const REGISTER_S = 60;
const FIGURES_MS = 2000;
const AUTO = "X-Zongji-Answer";

export interface Listener {
  registered(is: boolean): void;
  session(state: "none" | "calling" | "ringing" | "talking", cause?: string): void;
  figures(figures: Figures): void;
  taken(): void; // another page has the phone
}

export interface Wishes {
  microphone: string;
  speaker: string;
}

export class Softphone {
  private ua: UA | null = null;
  private session: RTCSession | null = null;
  private microphone: MediaStream | null = null;
  private registered = false;
  private begun = 0; // how often it was started or stopped: whatever began before does not go on
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly far = new Audio();

  constructor(
    private readonly page: string,
    private readonly login: () => Promise<PhoneLogin>,
    private readonly on: Listener,
  ) {
    this.far.autoplay = true;
  }

  // Throws what the browser says when the microphone may not be had, and what the server says when there is no phone.
  async start(wishes: Wishes): Promise<void> {
    const mine = ++this.begun;
    await this.listen(wishes);
    const first = await this.login();
    const { default: JsSIP } = await import("jssip");
    if (mine !== this.begun) return;
    let unused: PhoneLogin | null = first;
    const socket = new PageSocket(
      this.page,
      async () => {
        const mine = unused ?? (await this.login());
        unused = null;
        return mine;
      },
      (login) => this.ua?.set("password", login.password),
      () => {
        this.stop();
        this.on.taken();
      },
    );
    this.ua?.stop();
    const ua = (this.ua = new JsSIP.UA({
      sockets: [{ socket, weight: 0 }],
      uri: `sip:${first.user}@${first.domain}`,
      password: first.password,
      session_timers: false,
      register_expires: REGISTER_S,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
    }));
    ua.on("registered", () => this.isRegistered(true));
    ua.on("unregistered", () => this.isRegistered(false));
    ua.on("disconnected", () => this.isRegistered(false));
    // JsSIP tries a lost connection again, never a refused registration: a new line brings a new password.
    ua.on("registrationFailed", () => {
      this.isRegistered(false);
      socket.disconnect();
      socket.ondisconnect(true);
    });
    ua.on("newRTCSession", (event: RTCSessionEvent) => this.took(event));
    ua.start();
  }

  // Also while it speaks: the microphone that is meant, the speaker that is meant.
  async listen(wishes: Wishes): Promise<void> {
    const wanted: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true };
    if (wishes.microphone) wanted.deviceId = { ideal: wishes.microphone };
    const mine = this.begun;
    const heard = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    if (mine !== this.begun) return heard.getTracks().forEach((one) => one.stop());
    const old = this.microphone;
    this.microphone = heard;
    const track = heard.getAudioTracks()[0] ?? null;
    if (this.session) await this.session.connection.getSenders()[0]?.replaceTrack(track);
    old?.getTracks().forEach((one) => one.stop());
    if (wishes.speaker && "setSinkId" in this.far) await this.far.setSinkId(wishes.speaker);
  }

  call(target: string): void {
    this.ua?.call(target, this.media());
  }

  answer(): void {
    this.session?.answer(this.media());
  }

  hangUp(): void {
    this.session?.terminate();
  }

  send(key: string): void {
    this.session?.sendDTMF(key, { transportType: "RFC2833" as never });
  }

  mute(on: boolean): void {
    for (const track of this.microphone?.getAudioTracks() ?? []) track.enabled = !on;
  }

  stop(): void {
    this.begun++;
    clearInterval(this.timer);
    this.ua?.stop();
    this.ua = null;
    this.session = null;
    this.microphone?.getTracks().forEach((one) => one.stop());
    this.microphone = null;
    this.isRegistered(false);
    this.on.session("none");
  }

  private media() {
    return { ...(this.microphone && { mediaStream: this.microphone }), pcConfig: { iceServers: [] } };
  }

  private isRegistered(is: boolean): void {
    const again = is && !this.registered;
    this.registered = is;
    this.on.registered(is);
    // The far side's hang-up reaches us only over the new line: it has to be told where that is.
    if (again && this.session?.isEstablished()) this.session.renegotiate({ useUpdate: true });
  }

  private took({ session, originator, request }: RTCSessionEvent): void {
    if (this.session && !this.session.isEnded()) {
      session.terminate({ status_code: 486 });
      return;
    }
    this.session = session;
    const wired = (pc: RTCPeerConnection) => {
      pc.ontrack = ({ streams }) => (this.far.srcObject = streams[0] ?? null);
    };
    if (session.connection) wired(session.connection);
    session.on("peerconnection", ({ peerconnection }) => wired(peerconnection));
    // The first address that can be used is enough: the others cost a tenth of a second.
    session.on("icecandidate", ({ candidate, ready }) => candidate.protocol === "udp" && ready());
    session.on("accepted", () => this.talks());
    session.on("ended", ({ cause }) => this.ended(session, cause));
    session.on("failed", ({ cause }) => this.ended(session, cause));
    if (originator === "local") this.on.session("calling");
    else if (request.getHeader(AUTO) === "auto") this.answer();
    else this.on.session("ringing");
  }

  private talks(): void {
    this.on.session("talking");
    clearInterval(this.timer);
    this.timer = setInterval(() => void this.measure(), FIGURES_MS);
  }

  private ended(session: RTCSession, cause: string): void {
    if (session !== this.session) return;
    clearInterval(this.timer);
    this.session = null;
    this.on.session("none", cause);
  }

  private async measure(): Promise<void> {
    const pc = this.session?.connection;
    if (!pc) return;
    const found: Figures = { lost: 0, received: 0, jitterS: 0, roundTripS: 0, micLevel: 0, farLevel: 0 };
    (await pc.getStats()).forEach((one: Record<string, unknown>) => {
      const figure = (name: string) => (typeof one[name] === "number" ? (one[name] as number) : 0);
      if (one.type === "inbound-rtp") {
        found.lost = figure("packetsLost");
        found.received = figure("packetsReceived");
        found.jitterS = figure("jitter");
        found.farLevel = figure("audioLevel");
      } else if (one.type === "media-source") found.micLevel = figure("audioLevel");
      else if (one.type === "candidate-pair" && one.nominated === true) found.roundTripS = figure("currentRoundTripTime");
    });
    this.on.figures(found);
  }
}
