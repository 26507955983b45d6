/** Keeps what the pages show true to the event feed. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { refreshDeployments } from "./deployments";
import { type FeedEvent, followFeed } from "./feed";
import { keepProgress } from "./progress";
import { useSession } from "./session";

const GATHER_MS = 150;
/** Lists that an event about such a subject changes. */
const LISTS: Record<string, string[]> = {
  deployments: ["jobs"],
  products: ["products"],
  templates: ["products", "templates"],
  users: ["users"],
  rollouts: ["rollouts"],
  clusters: ["clusters"],
  registries: ["registries"],
};

/** Follow the feed while somebody is signed in. */
export function useLiveUpdates(): void {
  const client = useQueryClient();
  const signIn = useSession()?.signIn;
  useEffect(() => {
    const ending = new AbortController();
    const gathered = new Gathered(client);
    void followFeed(
      ending.signal,
      (event) => gathered.add(event),
      (told) => keepProgress(client, told),
      () => gathered.everything(),
    );
    return () => ending.abort();
  }, [client, signIn]); // a feed is of whom it was opened by
}

/** Whether the subject may look different now. An admin's look does not; looking again because of it would never end. */
export function tellsOfChange(event: Pick<FeedEvent, "type">): boolean {
  return !event.type.startsWith("dev.slipway.object.read.");
}

/** Events of a short while, met with one refresh. */
class Gathered {
  private subjects = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly client: QueryClient) {}

  add(event: FeedEvent): void {
    if (event.subject && tellsOfChange(event)) this.subjects.add(event.subject);
    this.timer ??= setTimeout(() => void this.refresh(), GATHER_MS);
  }

  /** What happened between the pages' first look and the connection is not on it. */
  everything(): void {
    void this.client.invalidateQueries({ queryKey: ["deployments"] });
    void this.client.invalidateQueries({ queryKey: ["deployment"] });
  }

  private async refresh(): Promise<void> {
    const subjects = [...this.subjects];
    this.subjects.clear();
    this.timer = null;
    const lists = new Set(subjects.flatMap((subject) => LISTS[subject.split("/")[0] ?? ""] ?? []));
    for (const list of [...lists, "audit"]) void this.client.invalidateQueries({ queryKey: [list] });
    const ids = subjects.filter((each) => each.startsWith("deployments/")).map((each) => each.split("/")[1] ?? "");
    if (ids.length) await refreshDeployments(this.client, ids);
  }
}
