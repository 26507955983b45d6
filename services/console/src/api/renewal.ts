/** Renews the access token before it ends. A refresh token is spent by its use, so that only one tab may do it at a time. */
import { Problem, unreachable } from "./problem";
import { endSession, keepSession, readSession, type Session } from "./session";

const BEFORE_MS = 60_000;
let renewing: Promise<void> | null = null;

/** The session with a token that holds for a while yet; null when nobody is signed in. Throws where there is none for now. */
export async function freshSession(): Promise<Session | null> {
  if (isFresh(readSession())) return readSession();
  if (readSession()) await (renewing ??= alone(renew).finally(() => (renewing = null)));
  return readSession();
}

function isFresh(session: Session | null): boolean {
  return session !== null && session.expiresAt - Date.now() > BEFORE_MS;
}

/** Under a lock that all tabs share, where the browser has one (pages over plain http to another host have none). */
async function alone(work: () => Promise<void>): Promise<void> {
  if ("locks" in navigator) await navigator.locks.request("slipway.renewal", work);
  else await work();
}

/** Why a request was refused. When its token is the newest there is and not taken any more, the session is over. */
export async function refusal(asked: Headers, response: Response): Promise<Problem> {
  const session = readSession();
  if (response.status === 401 && session && asked.get("Authorization") === `Bearer ${session.token}`) endSession("expired");
  return await Problem.of(response);
}

async function renew(): Promise<void> {
  if (!readSession() || isFresh(readSession())) return; // another tab did it meanwhile
  let response: Response;
  try {
    response = await fetch("/api/v1/auth/refresh", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  } catch {
    return unlessItHolds(unreachable());
  }
  if (response.ok) {
    const body = (await response.json()) as { access_token: string; expires_in: number };
    keepSession(body.access_token, body.expires_in);
  } else if (response.status === 401) endSession("expired");
  else unlessItHolds(await Problem.of(response));
}

/** A token that holds yet is used. One that is over would be refused, and with it a session that can be renewed later. */
function unlessItHolds(problem: Problem): void {
  if ((readSession()?.expiresAt ?? 0) <= Date.now()) throw problem;
}
