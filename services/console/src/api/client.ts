/** The typed client of the HTTP API. Every refusal is thrown as a `Problem`. */
import createClient from "openapi-fetch";
import { unreachable } from "./problem";
import type { components, paths } from "./schema";
import { freshSession, refusal } from "./renewal";

export type Schemas = components["schemas"];

export const api = createClient<paths>({ baseUrl: window.location.origin });

/** A line may be dead without a word, and what waits for a look at it would wait for good. */
const LONGEST_LOOK_MS = 60_000;
const PUBLIC = new Set(["/api/v1/auth/login", "/api/v1/auth/exchange", "/api/v1/auth/methods"]);

api.use({
  async onRequest({ request, schemaPath }) {
    if (PUBLIC.has(schemaPath)) return request;
    const session = await freshSession();
    if (session) request.headers.set("Authorization", `Bearer ${session.token}`);
    return request.method === "GET" ? new Request(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(LONGEST_LOOK_MS)]) }) : request;
  },
  async onResponse({ request, response }) {
    if (response.ok) return response;
    throw await refusal(request.headers, response);
  },
  onError() {
    return unreachable();
  },
});

/** The body of an answer; by the middleware above a refusal never comes this far. */
export async function ask<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

/** All items of a list, page by page, up to `most`. */
export async function everyPage<T>(
  page: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null }>,
  most = 5000,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const found = await page(cursor);
    items.push(...found.items);
    cursor = found.next_cursor ?? undefined;
  } while (cursor && items.length < most);
  return items;
}

/** A new Idempotency-Key: the same form sent twice is one request. */
export function freshKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
