import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, render, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { useLiveUpdates } from "../api/live";
import { endSession, keepSession, readSession } from "../api/session";
import { queryClient } from "./queries";

const opened = vi.fn<(path: string, init: { headers: Headers }) => Promise<Response>>();

beforeEach(() => {
  endSession("left");
  opened.mockReset();
  opened.mockImplementation(() => new Promise(() => undefined));
  vi.stubGlobal("fetch", opened);
});

/** What another tab stores, this one hears of afterwards. */
function otherTabSignsIn(token: string) {
  const next = JSON.stringify({ token, expiresAt: Date.now() + 3_600_000, signIn: token });
  window.localStorage.setItem("slipway.session", next);
  act(() => void window.dispatchEvent(new StorageEvent("storage", { key: "slipway.session" })));
}

function Mine() {
  useLiveUpdates();
  const { data } = useQuery({ queryKey: ["mine"], queryFn: () => `what ${readSession()?.token ?? "nobody"} has` });
  return <p>{data ?? "…"}</p>;
}

test("a page shows what the user has who signed in last, in whichever tab", async () => {
  keepSession("ada", 3600);
  queryClient.setQueryData(["seen before"], "ada's");
  render(
    <QueryClientProvider client={queryClient}>
      <Mine />
    </QueryClientProvider>,
  );
  await screen.findByText("what ada has");
  otherTabSignsIn("bob");
  await screen.findByText("what bob has");
  expect(queryClient.getQueryData(["seen before"])).toBeUndefined();
  await waitFor(() => expect(opened.mock.calls.map(([, init]) => init.headers.get("Authorization"))).toEqual(["Bearer ada", "Bearer bob"]));
});

test("a renewed token forgets nothing", () => {
  keepSession("ada", 3600);
  queryClient.setQueryData(["mine"], "ada's");
  keepSession("ada's next", 3600);
  expect(queryClient.getQueryData(["mine"])).toBe("ada's");
});
