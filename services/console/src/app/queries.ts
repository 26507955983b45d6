/** How answers are kept: the feed says when they change, so they are asked for again rarely. */
import { QueryClient } from "@tanstack/react-query";
import { problemOf } from "../api/problem";
import { readSession, subscribe } from "../api/session";

const TRIES = 3;
const AGAIN_MS = 5000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // A page that could not be read is read as soon as Slipway is there again.
      refetchInterval: (query) => (query.state.status === "error" && problemOf(query.state.error).code === "unreachable" ? AGAIN_MS : false),
      retry: (count, error) => {
        const { status } = problemOf(error);
        return count < TRIES && (status === 0 || status >= 500 || status === 429);
      },
    },
  },
});

let signIn = readSession()?.signIn;

/** Who signs in next, in this tab or another, must not see what the last one saw; what is on the page is asked for anew. */
subscribe(() => {
  const session = readSession();
  if (session && session.signIn === signIn) return;
  signIn = session?.signIn;
  if (session) void queryClient.resetQueries();
  else queryClient.clear();
});
