// The live line to the server: logs in, opens the websocket, resumes where it was.
import { t } from "./words.js";
const $ = (id) => document.getElementById(id);
let token = sessionStorage.getItem("token"), socket = null, resume = "", wait = 500, skew = 0, handler = () => {}, view = "desk", over = false;
export const now = () => Date.now() / 1000 + skew;
async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw Object.assign(new Error(answer.status), { status: answer.status });
  return answer.json();
}
export function start(which, onMessage) {
  view = which; handler = onMessage;
  $("login").addEventListener("submit", async (event) => {
    event.preventDefault(); token = null;
    try { const session = await post("/api/login", { login: $("who").value, password: $("secret").value }); enter(session.token); }
    catch { $("wrong").textContent = t("wrong"); }
  });
  if (token) enter(token);
}
function enter(fresh) { token = fresh; over = false; sessionStorage.setItem("token", token); $("login").hidden = true; $("page").hidden = false; connect(); }
function leave() { over = true; sessionStorage.removeItem("token"); token = null; $("login").hidden = false; $("page").hidden = true; $("banner").hidden = true; }
async function connect() {
  if (over) return;
  try {
    const { ticket } = await post("/api/ws-ticket", {});
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws?view=${view}&ticket=${ticket}&resume=${resume}`);
  } catch (error) { if (error.status === 401) return leave(); return again(); }
  socket.onopen = () => { wait = 500; $("banner").hidden = true; };
  socket.onclose = (event) => (event.code === 4401 ? leave() : again());
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.at) skew = message.at - Date.now() / 1000;
    if (message.type === "snapshot") resume = `${message.stream}:${message.seq}`;
    else if (message.seq) resume = `${resume.split(":")[0]}:${message.seq}`;
    handler(message);
  };
}
function again() { if (over) return; $("banner").hidden = false; setTimeout(connect, wait); wait = Math.min(wait * 2, 8000); }
const send = (message) => socket?.readyState === 1 && socket.send(JSON.stringify(message));
export const command = (name, args = {}) => send({ type: "command", key: crypto.randomUUID(), name, args });
export const shown = (call_id) => send({ type: "pop_shown", call_id, at: Date.now() / 1000 });
export const logOut = async () => { try { await post("/api/logout", {}); } finally { leave(); } };
setInterval(() => send({ type: "heartbeat" }), 5000);
