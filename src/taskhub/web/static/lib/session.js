/** Who is signed in, and what they may do. */
import { get, request } from "./api.js";
import { config } from "./config.js";
import { createContext, useContext } from "./html.js";
import { t } from "./i18n.js";
import { useStore } from "./live.js";
import { setTimezone } from "./time.js";

export const SessionContext = createContext(null);

export const useSession = () => useContext(SessionContext);

/** Ask who is signed in. */
export async function loadSession() {
  const session = await get("session");
  adopt(session);
  return session;
}

/** Take name, version and time zone of the app from a session. */
export function adopt(session) {
  config.app = session.app || config.app;
  config.version = session.version || config.version;
  setTimezone(session.timezone);
}

export async function signIn(name, password) {
  const session = await request("POST", "session", { name, password });
  adopt(session);
  return session;
}

export const signOut = () => request("DELETE", "session");

const roleWords = { viewer: "a viewer", operator: "an operator", admin: "an admin" };

/** Why somebody may not do something, as a sentence, or "". */
export function denial(session, action) {
  const permission = session?.permissions?.[action];
  if (!permission || permission.allowed) return "";
  const role = roleWords[session.user?.role] ?? "a viewer";
  return t("Needs the role {role}. You are {own}.", {
    role: t("role@" + permission.needs), own: t(role),
  });
}

/** A function that says why an action cannot be done now, or "". */
export function useDenial() {
  const session = useSession();
  const store = useStore();
  return (action) =>
    store.state === "away"
      ? t("Actions wait until the store answers.")
      : denial(session, action);
}
