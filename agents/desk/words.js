// Every word on the pages, in both languages. A key that one of them lacks is shown as itself.
const WORDS = {
  zh: { title: "总机 · 坐席", wall: "总机 · 大屏", login: "工号", password: "密码", enter: "登录", wrong: "工号或密码错误", away: "与服务器的连接已断开，正在重连…",
    ready: "就绪", not_ready: "未就绪", logged_out: "已签出", idle: "空闲", offered: "振铃", talking: "通话中", held: "保持中", wrap_up: "话后处理",
    hang_up: "挂断", hold: "保持", resume: "取回", finish_wrap_up: "结束话后", customer: "客户", nobody: "暂无来电", state: "状态", call: "通话", recent: "最近联系",
    queue: "队列", waiting: "等待", longest: "最长等待", agents: "就绪 / 在线", answered: "已接", abandoned: "放弃", level: "服务水平", unknown: "未知客户",
    break: "小休", lunch: "午餐", meeting: "会议", training: "培训", paperwork: "案头", rona: "未接来电", connection_lost: "页面断开", device_lost: "话机离线", logged_in: "刚签入",
    account: "资金账号", number: "号码", path: "语音导航", waited: "已等待", accounts: "账户服务", trading: "交易服务", complaints: "投诉受理", formula: "服务水平 = 时限内接起 ÷（接起 + 放弃）", leave: "签出" },
  en: { title: "Zongji · Desk", wall: "Zongji · Wallboard", login: "Log-in", password: "Password", enter: "Log in", wrong: "Wrong log-in or password", away: "Connection lost, reconnecting…",
    ready: "Ready", not_ready: "Not ready", logged_out: "Logged out", idle: "Idle", offered: "Ringing", talking: "Talking", held: "On hold", wrap_up: "Wrap-up",
    hang_up: "Hang up", hold: "Hold", resume: "Resume", finish_wrap_up: "Finish wrap-up", customer: "Customer", nobody: "No call", state: "State", call: "Call", recent: "Recent contacts",
    queue: "Queue", waiting: "Waiting", longest: "Longest wait", agents: "Ready / logged in", answered: "Answered", abandoned: "Abandoned", level: "Service level", unknown: "Unknown customer",
    break: "Break", lunch: "Lunch", meeting: "Meeting", training: "Training", paperwork: "Paperwork", rona: "Missed offer", connection_lost: "Page lost", device_lost: "Phone away", logged_in: "Logged in",
    account: "Account", number: "Number", path: "IVR path", waited: "Waited", accounts: "Accounts", trading: "Trading", complaints: "Complaints", formula: "Service level = answered in time ÷ (answered + abandoned)", leave: "Log out" },
};
export const lang = () => localStorage.getItem("lang") || (navigator.language.startsWith("zh") ? "zh" : "en");
export const t = (key) => WORDS[lang()][key] ?? key;
export function draw() {
  document.documentElement.lang = lang() === "zh" ? "zh-CN" : "en";
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
}
export function switchLanguage() { localStorage.setItem("lang", lang() === "zh" ? "en" : "zh"); draw(); }
export const span = (s) => `${Math.floor(Math.max(0, s) / 60)}:${String(Math.floor(Math.max(0, s) % 60)).padStart(2, "0")}`;
