/** Keeps what the pages show true to the event feed. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { readAgain } from "./again";
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
      () => gathered.connected(),
    );
    return () => ending.abort();
  }, [client, signIn]); // a feed is of whom it was opened by
}

/** Whether the subject may look different now. An admin's look does not; looking again because of it would never end. */
export function tellsOfChange(event: Pick<FeedEvent, "type">): boolean {
  return !event.type.startsWith("dev.slipway.object.read.");
}

/** Events of a short while, met with one refresh; those that come during it are met with the next. */
export class Gathered {
  private events: FeedEvent[] = [];
  private everything = false;
  private working = false;

  constructor(private readonly client: QueryClient) {}

  add(event: FeedEvent): void {
    this.events.push(event);
    void this.work();
  }

  /** What happened between the pages' first look and the connection is not on it. */
  connected(): void {
    this.everything = true;
    void this.work();
  }

  private async work(): Promise<void> {
    if (this.working) return;
    this.working = true;
    while (this.events.length || this.everything) {
      await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      await this.refresh();
    }
    this.working = false;
  }

  private async refresh(): Promise<void> {
    const { events, everything } = this;
    [this.events, this.everything] = [[], false];
    const subjects = new Set(events.filter(tellsOfChange).map((event) => event.subject ?? ""));
    const [lists, ids] = [new Set(events.length ? ["audit"] : []), new Set<string>()];
    for (const [kind = "", id = ""] of [...subjects].map((subject) => subject.split("/"))) {
      for (const list of LISTS[kind] ?? []) lists.add(list);
      if (kind === "deployments") ids.add(id);
    }
    if (everything) for (const list of ["deployments", "deployment"]) lists.add(list);
    await Promise.all([refreshDeployments(this.client, [...ids]), ...[...lists].map((list) => readAgain(this.client, { queryKey: [list] }))]);
  }
}
