/** The live feed: one connection for this tab, made again whenever it breaks, resumed where it was. */
import { useSyncExternalStore } from "react";
import type { Schemas } from "./client";
import { problemOf } from "./problem";
import type { Progress } from "./progress";
import { openStream, serverEvents } from "./streams";

export type FeedEvent = Schemas["CloudEvent"];
/** `full`: one has as many live pages open as one may have. */
export type FeedState = "connecting" | "live" | "broken" | "full";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** A line without a sign of life for so long is dead: the API gives one every 15 s. */
const LONGEST_QUIET_MS = 45_000;

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
    let next: FeedState = "broken";
    const line = new Line();
    try {
      const stream = await openStream("/api/v1/events?progress=true", { signal: AbortSignal.any([signal, line.signal]), headers: last ? { "Last-Event-ID": last } : {} });
      become("live");
      onConnected();
      pause = FIRST_PAUSE_MS;
      for await (const event of serverEvents(stream, () => line.heard())) {
        if (event.event === "progress") {
          onProgress(JSON.parse(event.data) as Progress);
          continue;
        }
        last = event.id;
        onEvent(JSON.parse(event.data) as FeedEvent);
      }
    } catch (error) {
      if (problemOf(error).status === 429) next = "full"; // as all else it is met by connecting again
    } finally {
      line.end();
    }
    if (signal.aborted) return;
    become(next);
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** A connection, given up when nothing is heard on it. */
class Line {
  private readonly ending = new AbortController();
  readonly signal = this.ending.signal;
  private timer = this.listen();

  heard(): void {
    clearTimeout(this.timer);
    this.timer = this.listen();
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private listen() {
    return setTimeout(() => this.ending.abort(), LONGEST_QUIET_MS);
  }
}
