// Who is logged in. The access token lives in this module only; the cookie that renews it is out of reach of scripts.
let token = "";

export class Refusal extends Error {
  constructor(status, error, retryAfter) {
    super(error.message);
    Object.assign(this, { status, code: error.code, retryAfter });
  }
}

// A Refusal when the server says no; any other error means that it did not answer.
async function post(path, body) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
  const said = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Refusal(answer.status, said?.error ?? { code: "failed" }, answer.headers.get("Retry-After"));
  return said;
}

async function enter(path, body) {
  token = "";
  const session = await post(path, body);
  token = session.token;
  return session.me;
}

export const logIn = (login, password) => enter("/api/login", { login, password });

// As whoever is logged in; a token that is missing or too old is renewed once.
async function call(path) {
  if (!token) await enter("/api/refresh");
  try {
    return await post(path);
  } catch (error) {
    if (error.status !== 401) throw error;
    await enter("/api/refresh");
    return post(path);
  }
}

export const ticket = async () => (await call("/api/ws-ticket")).ticket;

export async function logOut() {
  await call("/api/logout");
  token = "";
}
