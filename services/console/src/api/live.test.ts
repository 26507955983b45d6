import { InfiniteQueryObserver, QueryClient, QueryObserver } from "@tanstack/react-query";
import { waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { type Deployment, deploymentQuery, deploymentsQuery, keepDeployment, refreshDeployments } from "./deployments";
import type { FeedEvent } from "./feed";
import { Gathered, tellsOfChange } from "./live";

/** In its place before the client of the API is made: what is asked waits to be answered. */
const asked = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

const event = (subject: string) => ({ subject, type: "dev.slipway.deployment.ready.v1" }) as FeedEvent;
const deployment = (second: number, status = "ready") => ({ id: "d", status, updated_at: `2030-01-01T00:00:0${second}Z` }) as Deployment;

/** Each question of somebody is answered by hand, in any order. */
function byHand<T>() {
  const waiting: ((answer: T) => void)[] = [];
  const ask = vi.fn(() => new Promise<T>((resolve) => void waiting.push(resolve)));
  const answer = async (at: number, what: T) => {
    await waitFor(() => expect(waiting.length).toBeGreaterThan(at));
    waiting[at]!(what);
  };
  return { ask, answer };
}

beforeEach(() => {
  asked.mockReset();
  asked.mockImplementation(() => Promise.resolve(Response.json({})));
});

test("an event about a deployment that no page shows reads the list, not the deployment", async () => {
  const client = new QueryClient();
  client.setQueryData(["deployments", {}], [{ id: "shown" }]);
  await refreshDeployments(client, ["somebody-elses"]);
  expect(asked).not.toHaveBeenCalled();
  expect(client.getQueryState(["deployments", {}])?.isInvalidated).toBe(true);
});

test("an admin's look is no reason to look again", () => {
  expect(tellsOfChange({ type: "dev.slipway.object.read.v1" })).toBe(false);
  expect(tellsOfChange({ type: "dev.slipway.deployment.ready.v1" })).toBe(true);
});

test("older ones that were asked for come, however much happens meanwhile", async () => {
  const client = new QueryClient();
  const { ask, answer } = byHand<string>();
  const observer = new InfiniteQueryObserver(client, { queryKey: ["audit"], queryFn: ask, initialPageParam: 0, getNextPageParam: (_last, all) => all.length });
  observer.subscribe(() => undefined);
  await answer(0, "first");
  await waitFor(() => expect(observer.getCurrentResult().data?.pages).toEqual(["first"]));
  void observer.fetchNextPage();
  await waitFor(() => expect(ask).toHaveBeenCalledTimes(2));
  const gathered = new Gathered(client);
  gathered.add(event("deployments/x"));
  await waitFor(() => expect(client.getQueryState(["audit"])?.isInvalidated).toBe(true));
  await answer(1, "older");
  await answer(2, "first, as it is now");
  await answer(3, "older, as it is now");
  await waitFor(() => expect(observer.getCurrentResult().data?.pages).toEqual(["first, as it is now", "older, as it is now"]));
  expect(ask).toHaveBeenCalledTimes(4);
  client.clear();
});

test("a first look that began before something happened is taken again", async () => {
  const client = new QueryClient();
  const { ask, answer } = byHand<string>();
  const observer = new QueryObserver(client, { queryKey: ["jobs"], queryFn: ask });
  observer.subscribe(() => undefined);
  const gathered = new Gathered(client);
  gathered.add(event("deployments/x"));
  await waitFor(() => expect(client.getQueryState(["jobs"])?.isInvalidated).toBe(true));
  await answer(0, "before");
  await answer(1, "after");
  await waitFor(() => expect(observer.getCurrentResult().data).toBe("after"));
  client.clear();
});

test("what happens during a refresh is met with one more, and not with one each", async () => {
  const client = new QueryClient();
  const { ask, answer } = byHand<string>();
  const observer = new QueryObserver(client, { queryKey: ["users"], queryFn: ask, initialData: "old", staleTime: Infinity });
  observer.subscribe(() => undefined);
  const gathered = new Gathered(client);
  gathered.add(event("users/a"));
  await waitFor(() => expect(ask).toHaveBeenCalledTimes(1));
  for (const who of "bcd") gathered.add(event(`users/${who}`));
  await answer(0, "a");
  await answer(1, "all");
  await waitFor(() => expect(observer.getCurrentResult().data).toBe("all"));
  await waitFor(() => expect(client.isFetching()).toBe(0));
  expect(ask).toHaveBeenCalledTimes(2);
  client.clear();
});

test("an answer that was overtaken by a newer one changes nothing", async () => {
  const client = new QueryClient();
  const { ask, answer } = byHand<Response>();
  asked.mockImplementation(ask);
  const one = client.fetchQuery(deploymentQuery("d"));
  const all = client.fetchQuery(deploymentsQuery());
  await waitFor(() => expect(ask).toHaveBeenCalledTimes(2));
  keepDeployment(client, deployment(5));
  await answer(0, Response.json(deployment(3, "upgrading")));
  await answer(1, Response.json({ items: [deployment(4, "upgrading")] }));
  expect([await one, ...(await all)]).toEqual([deployment(5), deployment(5)]);
  keepDeployment(client, deployment(2, "pending"));
  expect(client.getQueryData(deploymentQuery("d").queryKey)).toEqual(deployment(5));
  expect(client.getQueryData(deploymentsQuery().queryKey)).toEqual([deployment(5)]);
  keepDeployment(client, deployment(6, "deleted"));
  expect(client.getQueryData(deploymentsQuery().queryKey)).toEqual([]);
});

test("a deployment whose first look is under way when something happens to it is looked at again", async () => {
  const client = new QueryClient();
  const { ask, answer } = byHand<Response>();
  asked.mockImplementation(ask);
  const first = client.fetchQuery(deploymentQuery("d"));
  await waitFor(() => expect(ask).toHaveBeenCalledTimes(1));
  const refreshed = refreshDeployments(client, ["d"]);
  await answer(1, Response.json(deployment(2)));
  await refreshed;
  await answer(0, Response.json(deployment(1, "upgrading")));
  expect(await first).toEqual(deployment(2));
});
