import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import type { Deployment } from "../../api/deployments";
import { showPage } from "../../testing/page";
import { Objects } from "./Objects";

/** In its place before the client of the API is made. */
const fetched = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

const OBJECTS = { objects: [{ api_version: "v1", kind: "ConfigMap", name: "settings", ready: true }], pods: [] };
const looks = () => fetched.mock.calls.filter(([request]) => request.url.endsWith("/resources")).length;

afterEach(() => vi.useRealTimers());

async function looking(owner: string) {
  fetched.mockReset();
  fetched.mockImplementation((request) => Promise.resolve(Response.json(request.url.endsWith("/users/me") ? { id: "me" } : OBJECTS)));
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const deployment = { id: "d", user_id: owner, status: "upgrading" } as Deployment;
  showPage({ path: "/deployments/$deploymentId", address: "/deployments/d", page: () => <Objects deployment={deployment} /> });
  await screen.findByText("settings");
  await waitFor(() => expect(fetched.mock.calls.some(([request]) => request.url.endsWith("/users/me"))).toBe(true));
}

test("one's own objects are looked at again and again", async () => {
  await looking("me");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(looks()).toBeGreaterThan(2);
});

test("somebody else's, where each look is written down, only when it is asked for", async () => {
  await looking("somebody");
  const again = await screen.findByRole("button", { name: "Look again" });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(looks()).toBe(1);
  await userEvent.setup({ advanceTimers: vi.advanceTimersByTime }).click(again);
  await waitFor(() => expect(looks()).toBe(2));
});
