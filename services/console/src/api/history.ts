/** What happened to a deployment, newest first: read once, then only what is new, and older events when they are wanted. */
import { queryOptions, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, ask, everyPage } from "./client";
import type { FeedEvent } from "./feed";

export interface Lately {
  events: FeedEvent[];
  /** Where those before them go on; null when there are none. */
  older: string | null;
}

const PAGE = 50;

const page = (id: string, query: { after: number; limit: number; newest_first: boolean }) =>
  ask(api.GET("/api/v1/deployments/{deployment_id}/events", { params: { path: { deployment_id: id }, query } }));

const back = (id: string, from: string | null) => page(id, { after: Number(from ?? 0), limit: PAGE, newest_first: true });

/** What came after one of them, newest first. */
async function since(id: string, latest: FeedEvent): Promise<FeedEvent[]> {
  const fresh = await everyPage((cursor) => page(id, { after: Number(cursor ?? latest.slipwayseq), limit: 200, newest_first: false }));
  return fresh.reverse();
}

/** The newest events. What is known stays: where older ones go on is the same as long as somebody looks. */
export const latelyQuery = (id: string) => {
  const queryKey = ["deployment", id, "events"];
  return queryOptions({
    queryKey,
    queryFn: async ({ client }): Promise<Lately> => {
      const known = client.getQueryData<Lately>(queryKey);
      const latest = known?.events[0];
      if (latest) return { ...known, events: [...(await since(id, latest)), ...known.events] };
      const { items, next_cursor } = await back(id, null);
      return { events: items, older: next_cursor ?? null };
    },
  });
};

/** The newest events, and the way to older ones; those are history, and asked for once. */
export function useHistory(id: string) {
  const lately = useQuery(latelyQuery(id));
  const from = lately.data?.older ?? null;
  const past = useInfiniteQuery({
    queryKey: ["past", id, from],
    queryFn: ({ pageParam }) => back(id, pageParam),
    initialPageParam: from,
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    enabled: false, // until somebody asks
  });
  const older = past.data?.pages.flatMap((each) => each.items) ?? [];
  return { lately, older, past, hasOlder: past.data ? past.hasNextPage : from !== null };
}
