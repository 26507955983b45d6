/** The live feed: one connection for this tab, made again whenever it breaks, resumed where it was. */
import { useSyncExternalStore } from "react";
import type { Schemas } from "./client";
import type { Progress } from "./progress";
import { openStream, serverEvents } from "./streams";

export type FeedEvent = Schemas["CloudEvent"];
export type FeedState = "connecting" | "live" | "broken";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

let state: FeedState = "connecting";
const listeners = new Set<() => void>();

export function useFeedState(): FeedState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

function become(next: FeedState): void {
  state = next;
  for (const listener of listeners) listener();
}

/** Follow the feed until `signal` aborts. `onConnected` runs each time before the first event. */
export async function followFeed(
  signal: AbortSignal,
  onEvent: (event: FeedEvent) => void,
  onProgress: (told: Progress) => void,
  onConnected: () => void,
): Promise<void> {
  let last = "";
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const stream = await openStream("/api/v1/events?progress=true", { signal, headers: last ? { "Last-Event-ID": last } : {} });
      become("live");
      onConnected();
      pause = FIRST_PAUSE_MS;
      for await (const event of serverEvents(stream)) {
        if (event.event === "progress") {
          onProgress(JSON.parse(event.data) as Progress);
          continue;
        }
        last = event.id;
        onEvent(JSON.parse(event.data) as FeedEvent);
      }
    } catch {
      // broken, refused or restarting: all are met by connecting again
    }
    if (signal.aborted) return;
    become("broken");
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}
