import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, test, vi } from "vitest";
import { latelyQuery, useHistory } from "./history";

/** In its place before the client of the API is made: it has so many events, and says what it was asked. */
const server = vi.hoisted(() => {
  const state = { events: 0, asked: [] as string[] };
  const answer = (request: Request) => {
    const { searchParams: query } = new URL(request.url);
    const [after, limit] = [Number(query.get("after")), Number(query.get("limit"))];
    const all = Array.from({ length: state.events }, (_, at) => at + 1);
    const wanted = query.get("newest_first") === "true" ? all.reverse().filter((seq) => !after || seq < after) : all.filter((seq) => seq > after);
    const items = wanted.slice(0, limit).map((seq) => ({ id: String(seq), slipwayseq: seq }));
    state.asked.push(query.toString());
    const next_cursor = wanted.length > limit ? String(items.at(-1)?.slipwayseq) : null;
    return Promise.resolve(new Response(JSON.stringify({ items, next_cursor }), { headers: { "Content-Type": "application/json" } }));
  };
  vi.stubGlobal("fetch", vi.fn(answer));
  return state;
});

test("the newest are read first, then only what is new, and older ones when they are wanted", async () => {
  server.events = 120;
  const client = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  const { result } = renderHook(() => useHistory("d"), { wrapper });
  const shown = () => [...(result.current.lately.data?.events ?? []), ...result.current.older].map((each) => each.slipwayseq);
  const from = (newest: number, oldest: number) => Array.from({ length: newest - oldest + 1 }, (_, at) => newest - at);
  await waitFor(() => expect(shown()).toEqual(from(120, 71)));

  server.events = 122;
  server.asked = [];
  act(() => void result.current.past.fetchNextPage());
  await act(() => client.invalidateQueries({ queryKey: latelyQuery("d").queryKey }));
  await waitFor(() => expect(shown()).toEqual(from(122, 21)));
  expect(server.asked.toSorted()).toEqual(["after=120&limit=200&newest_first=false", "after=71&limit=50&newest_first=true"]);

  act(() => void result.current.past.fetchNextPage());
  await waitFor(() => expect(shown()).toEqual(from(122, 1)));
  expect(result.current.hasOlder).toBe(false);
});
