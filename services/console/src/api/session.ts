/**
 * Who is signed in here: a short-lived access token in this browser's storage, shared by its tabs. What renews it is in a
 * cookie that no script can read.
 */
import { useSyncExternalStore } from "react";

export interface Session {
  token: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** One for all tokens of a sign-in, another for the next sign-in: the end of its first token. */
  signIn?: string;
}

const KEY = "slipway.session";
const listeners = new Set<() => void>();
let ended: "expired" | "left" | null = null;
let known: { text: string | null; session: Session | null } = { text: null, session: null };

export function readSession(): Session | null {
  const text = window.localStorage.getItem(KEY);
  if (text !== known.text) known = { text, session: text ? (JSON.parse(text) as Session) : null };
  return known.session;
}

export function keepSession(token: string, expiresInSec: number): void {
  const session: Session = { token, expiresAt: Date.now() + expiresInSec * 1000, signIn: readSession()?.signIn ?? token.slice(-12) };
  window.localStorage.setItem(KEY, JSON.stringify(session));
  ended = null;
  tell();
}

export function endSession(why: "expired" | "left"): void {
  if (!window.localStorage.getItem(KEY)) return;
  window.localStorage.removeItem(KEY);
  ended = why;
  tell();
}

/** Why nobody is signed in any more. */
export function whyEnded(): "expired" | "left" | null {
  return ended;
}

export function useSession(): Session | null {
  return useSyncExternalStore(subscribe, readSession);
}

/** Hear of every change, also one that another tab made. */
export function subscribe(listener: () => void): () => void {
  const other = (event: StorageEvent) => event.key === KEY && listener();
  listeners.add(listener);
  window.addEventListener("storage", other);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", other);
  };
}

function tell(): void {
  for (const listener of listeners) listener();
}
