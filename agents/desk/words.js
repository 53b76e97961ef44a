/** The pages' words in Chinese and English. One table; a missing word shows its key, so that it is noticed. */

const WORDS = {
  title: ["总机 座席台", "Zongji desk"], wallboard: ["现场看板", "Wallboard"], login: ["登录", "Log in"],
  login_id: ["工号", "Login"], password: ["密码", "Password"], logout: ["退出", "Log out"],
  demo: ["演示账号", "Demo log-ins"], demo_hint: ["密码均为", "all with the password"],
  ready: ["就绪", "Ready"], not_ready: ["未就绪", "Not ready"], logged_out: ["未登录", "Logged out"],
  idle: ["空闲", "Idle"], offered: ["振铃", "Ringing"], talking: ["通话中", "Talking"], held: ["保持中", "On hold"],
  wrap_up: ["话后处理", "Wrap-up"], ringing: ["振铃", "Ringing"], ended: ["已结束", "Ended"],
  reason: ["选择原因", "Choose a reason"], break: ["小休", "Break"], lunch: ["用餐", "Lunch"], meeting: ["会议", "Meeting"],
  training: ["培训", "Training"], paperwork: ["文书", "Paperwork"], rona: ["未应答", "Did not answer"],
  device_lost: ["话机离线", "Phone lost"], connection_lost: ["连接中断", "Connection lost"], forced: ["被强制", "Forced"],
  login_reason: ["刚登录", "Just logged in"], next: ["之后", "then"],
  answer: ["接听", "Answer"], hold: ["保持", "Hold"], resume: ["取回", "Resume"], hang_up: ["挂断", "Hang up"],
  finish_wrap_up: ["完成话后", "Finish wrap-up"],
  no_call: ["等待来电", "Waiting for a call"], no_call_ready: ["您已就绪，来电将显示客户资料", "You are ready; the customer will appear here before the phone rings"],
  no_call_not: ["请置为就绪以接听来电", "Go ready to take calls"],
  customer: ["客户资料", "Customer"], unknown: ["未知来电", "Unknown caller"], unknown_hint: ["该号码未登记", "This number is not on file"],
  number: ["号码", "Number"], queue: ["队列", "Queue"], waited: ["已等候", "Waited"], manager: ["客户经理", "Account manager"],
  language: ["语言", "Language"], customer_no: ["客户号", "Customer no."], notes: ["备注", "Notes"], accounts: ["账户", "Accounts"],
  collected: ["语音菜单输入", "Entered in the menu"], path: ["菜单路径", "Path through the menu"],
  recent: ["近期联络", "Past contacts"], my_calls: ["我的通话", "My calls"], none: ["暂无", "None yet"],
  queues: ["队列", "Queues"], agents: ["座席", "Agents"], waiting: ["等待", "Waiting"], longest: ["最长等待", "Longest wait"],
  free: ["就绪", "Ready"], staffed: ["在线", "Logged in"], busy: ["忙", "Busy"], level: ["服务水平", "Service level"],
  answered: ["已接", "Answered"], abandoned: ["放弃", "Abandoned"], agent: ["座席", "Agent"], state: ["状态", "State"],
  for_how_long: ["时长", "For"], formula: ["服务水平 = {s} 秒内接起 ÷（已接 + 放弃）", "Service level = answered within {s} s ÷ (answered + abandoned)"],
  supervisors_only: ["座席状态仅主管可见", "Agents' states are shown to supervisors"],
  reconnecting: ["连接已断开，正在重新连接…", "Connection lost, reconnecting…"], page_offline: ["页面离线", "page away"],
  phone_offline: ["话机不可用", "phone away"],
  wrong_login: ["工号或密码错误", "Login or password is wrong"], too_many_attempts: ["尝试过多，请稍后再试", "Too many attempts; wait a minute"],
  session_over: ["登录已失效，请重新登录", "You have been logged out"], failed: ["操作失败，请重试", "That did not work; try again"],
  no_answer: ["服务器未回应，请重试", "The server did not answer; try again"], offline: ["服务器无法连接", "The server cannot be reached"],
  pop_closed: ["来电已离开", "The call went elsewhere"], zh: ["中文", "Chinese"], en: ["英语", "English"],
  mandarin: ["普通话", "Mandarin"], english: ["英语", "English"], trading: ["交易", "Trading"], complaints: ["投诉", "Complaints"],
  standard: ["普通", "Standard"], silver: ["银卡", "Silver"], gold: ["金卡", "Gold"], platinum: ["白金", "Platinum"], vip: ["贵宾", "VIP"],
  account: ["账号", "Account"], account_number: ["账号", "Account number"], call: ["通话", "Call"], email: ["邮件", "E-mail"],
};

const LANGUAGES = ["zh", "en"];
let chosen = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
const watchers = new Set();

export const language = () => chosen;

/** The word for a key in the language chosen, its {places} filled. */
export function t(key, places = {}) {
  const pair = Object.hasOwn(WORDS, key) ? WORDS[key] : null;
  const text = pair ? pair[LANGUAGES.indexOf(chosen)] : String(key);
  return text.replace(/\{(\w+)\}/g, (_, name) => places[name] ?? "");
}

export const knows = (key) => Object.hasOwn(WORDS, key);

/** A person's name as the reader reads it. */
export const nameOf = (person) => (chosen === "zh" ? person.name_zh || person.name : person.name_en || person.name) || "";

export function onLanguage(watcher) {
  watchers.add(watcher);
}

export function setLanguage(next) {
  chosen = next;
  localStorage.setItem("language", next);
  applyWords();
  watchers.forEach((watcher) => watcher());
}

/** Fill every element that names its word. */
export function applyWords() {
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  document.querySelectorAll("[data-word]").forEach((node) => { node.textContent = t(node.dataset.word); });
  document.querySelectorAll("[data-language]").forEach((node) => {
    node.setAttribute("aria-pressed", String(node.dataset.language === chosen));
  });
}

export function wireLanguageButtons() {
  document.querySelectorAll("[data-language]").forEach((node) => {
    node.addEventListener("click", () => setLanguage(node.dataset.language));
  });
  applyWords();
}
