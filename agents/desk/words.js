// Every word on the pages, in both languages, and how times and durations are written.
const WORDS = {
  // pages
  title: ["总机 · 坐席", "Zongji · Desk"],
  wall: ["总机 · 大屏", "Zongji · Wallboard"],
  language: ["English", "中文"],
  full_screen: ["全屏", "Full screen"],
  leave: ["签出", "Log out"],
  // log-in
  enter: ["登录", "Log in"],
  login: ["工号", "Log-in"],
  password: ["密码", "Password"],
  wrong_login: ["工号或密码错误", "Wrong log-in or password"],
  too_many_attempts: ["尝试次数过多，请稍候再试：", "Too many attempts. Wait "],
  seconds: [" 秒", " s"],
  // the line
  away: ["与服务器的连接已断开，正在重连… 画面可能不是最新状态", "Connection lost, reconnecting… What you see may be out of date"],
  unreachable: ["服务器暂时无法访问，请稍后再试", "The server cannot be reached; try again"],
  memory_away: ["服务器暂时无法读取资料，请稍后再试", "The server cannot reach its records; try again"],
  not_for_agents: ["本页供坐席使用。请打开大屏 /wallboard", "This page is for agents. Yours is /wallboard"],
  // status and activity
  state: ["状态", "State"],
  status: ["我的状态", "My status"],
  ready: ["就绪", "Ready"],
  not_ready: ["未就绪", "Not ready"],
  logged_out: ["已签出", "Logged out"],
  idle: ["空闲", "Idle"],
  offered: ["来电振铃", "Ringing"],
  talking: ["通话中", "Talking"],
  held: ["保持中", "On hold"],
  wrap_up: ["话后处理", "Wrap-up"],
  pick_up: ["请拿起话机接听", "Pick up your phone"],
  afterwards: ["本次处理完后：", "Afterwards: "],
  unreachable_phone: ["话机未注册，暂不分配来电", "Your phone is not registered: no calls come"],
  // reasons
  break: ["小休", "Break"],
  lunch: ["午餐", "Lunch"],
  meeting: ["会议", "Meeting"],
  training: ["培训", "Training"],
  paperwork: ["案头", "Paperwork"],
  logged_in: ["刚签入", "Logged in"],
  rona: ["未接来电", "Missed offer"],
  connection_lost: ["页面断开", "Page lost"],
  device_lost: ["话机离线", "Phone away"],
  forced: ["班长设置", "Set by supervisor"],
  // commands, and why one was not carried out
  call: ["通话", "Call"],
  hang_up: ["挂断", "Hang up"],
  hold: ["保持", "Hold"],
  resume: ["取回", "Resume"],
  finish_wrap_up: ["结束话后", "Finish wrap-up"],
  phone_away: ["话机未注册，不能就绪", "Your phone is not registered"],
  not_in_wrap_up: ["当前没有话后处理", "There is no wrap-up to finish"],
  answer_on_phone: ["请在话机上接听", "Answer on your phone"],
  impossible_now: ["当前状态下不能执行", "Not possible now"],
  no_link: ["与话务系统的连接中断，请稍后再试", "The link to the telephone system is down, try again"],
  no_call: ["当前没有通话", "You have no call"],
  in_a_call: ["通话中不能签出", "Finish the call before you log out"],
  unknown_agent: ["服务器尚不认识此坐席，请重启服务器", "The server does not know this agent yet: restart it"],
  too_many: ["操作过快，请稍候", "Too many commands at once"],
  key_reused: ["操作重复，请再试一次", "That was sent twice; try again"],
  bad_message: ["服务器不理解此操作", "The server does not understand this"],
  wallboard: ["大屏不能操作", "A wallboard gives no commands"],
  failed: ["服务器未能执行，请再试一次", "The server could not do this; try again"],
  unsent: ["连接中断，操作可能未执行，请核对状态", "The line broke: check the state before you try again"],
  // the customer
  customer: ["客户", "Customer"],
  nobody: ["暂无来电", "No call"],
  nobody_hint: ["来电时，客户资料会先于电话铃声显示在这里", "The customer's record appears here before your phone rings"],
  unknown: ["未知客户", "Unknown customer"],
  number: ["号码", "Number"],
  waited: ["已等待", "Waited"],
  account: ["资金账号", "Account"],
  spoken: ["语言", "Language"],
  manager: ["客户经理", "Manager"],
  notes: ["备注", "Notes"],
  path: ["语音导航", "IVR path"],
  recent: ["最近联系", "Recent contacts"],
  standard: ["普通", "Standard"],
  silver: ["银卡", "Silver"],
  gold: ["金卡", "Gold"],
  private: ["私人银行", "Private"],
  zh: ["普通话", "Mandarin"],
  en: ["英语", "English"],
  voice: ["电话", "Call"],
  chat: ["聊天", "Chat"],
  mail: ["邮件", "Mail"],
  // the floor
  queue: ["队列", "Queue"],
  accounts: ["账户服务", "Accounts"],
  trading: ["交易服务", "Trading"],
  complaints: ["投诉受理", "Complaints"],
  waiting: ["等待", "Waiting"],
  longest: ["最长等待", "Longest wait"],
  level: ["服务水平", "Service level"],
  within: ["时限", "within"],
  ready_of: ["就绪 / 在线", "Ready / in"],
  answered: ["已接", "Answered"],
  abandoned: ["放弃", "Abandoned"],
  agents: ["坐席", "Agents"],
  formula: ["服务水平 = 时限内接起 ÷（接起 + 放弃），今日", "Service level = answered in time ÷ (answered + abandoned), today"],
  stale: ["数据已过时：", "Figures are old: "],
};

const chosen = () => (localStorage.getItem("lang") ?? navigator.language).startsWith("zh");

export const zh = chosen;
export const t = (key) => WORDS[key]?.[chosen() ? 0 : 1] ?? key;
export const known = (key) => Object.hasOwn(WORDS, key);
export const switchLanguage = () => localStorage.setItem("lang", chosen() ? "en" : "zh");

// Writes the words of every element that names one in data-t.
export function draw() {
  document.documentElement.lang = chosen() ? "zh-CN" : "en";
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
}

// Seconds as 1:05 or 1:02:05; never below zero.
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

export const day = (at) => new Date(at * 1000).toLocaleDateString(chosen() ? "zh-CN" : "en-GB");
export const clock = (at) => new Date(at * 1000).toLocaleTimeString("en-GB");
