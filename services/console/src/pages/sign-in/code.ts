/** What the way back to the console brings behind the #, which no server ever sees in an address. */
export interface Brought {
  /** Of a one-time link, or of single sign-on: exchanged for a token. */
  code?: string;
  /** Why single sign-on did not let one in. */
  error?: string;
}

export function takeBrought(): Brought {
  const found = new URLSearchParams(window.location.hash.slice(1));
  const brought = { code: found.get("code") ?? undefined, error: found.get("error") ?? undefined };
  // the address and the browser's history forget it
  if (brought.code || brought.error) window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  return brought;
}
