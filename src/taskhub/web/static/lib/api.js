/** Requests to the documented API, `/api/v1`. */
import { config } from "./config.js";
import { t } from "./i18n.js";

/** What the API answered instead of what was asked for: `code`, `status`, `detail`. */
export class ApiError extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || t("The dashboard does not answer."));
    this.name = "ApiError";
    this.code = problem.code ?? "internal";
    this.problem = problem;
  }
}

export const apiUrl = (path) => `${config.base}/api/v1/${path}`;

/** Path of the API with a query; what is null or empty is left out. */
export function query(path, params = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value != null && value !== "") search.set(name, value);
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** Name as one segment of a path. */
export const segment = (name) => encodeURIComponent(name);

/** What the API answers; raises `ApiError` for a problem. */
export async function request(method, path, body) {
  let response;
  try {
    response = await fetch(apiUrl(path), {
      method,
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch {
    throw new ApiError({ code: "unreachable", detail: t("The dashboard does not answer.") });
  }
  if (response.status === 204) return null;
  const type = response.headers.get("Content-Type") ?? "";
  const answer = type.includes("json") ? await response.json() : null;
  if (!response.ok) {
    throw new ApiError(answer ?? { status: response.status, title: response.statusText });
  }
  return answer;
}

export const get = (path) => request("GET", path);
export const post = (path, body = {}) => request("POST", path, body);
export const put = (path, body) => request("PUT", path, body);
