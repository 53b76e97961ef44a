/** Log-in and REST. The access token lives in this module only; the refresh cookie is out of scripts' reach. */

let token = null;
let renewing = null;
let timer = 0;

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function ask(method, path, body) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(10000) });
  } catch {
    throw new ApiError(0, "offline", "the server cannot be reached");
  }
  if (response.status === 204) return null;
  const data = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, data.error?.code ?? "failed", data.error?.message ?? response.statusText);
  return data;
}

function keep(session) {
  token = session.token;
  clearTimeout(timer);
  timer = setTimeout(() => refresh().catch(() => {}), 10 * 60 * 1000);
  return session.me;
}

export const about = () => ask("GET", "/api/about");

export async function login(id, password) {
  token = null;
  return keep(await ask("POST", "/api/login", { login: id, password }));
}

/** A new access token from the cookie; the person logged in. One at a time. */
export function refresh() {
  renewing ??= ask("POST", "/api/refresh").then(keep).finally(() => { renewing = null; });
  return renewing;
}

/** As `ask`, once more with a new token when the old one is over. */
export async function api(method, path, body) {
  try {
    return await ask(method, path, body);
  } catch (error) {
    if (error.status !== 401) throw error;
    await refresh();
    return ask(method, path, body);
  }
}

export async function logout() {
  await api("POST", "/api/logout");
  token = null;
  clearTimeout(timer);
}
