import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { showPage } from "../../../testing/page";
import { Publish } from "./Publish";

/** In its place before the client of the API is made. */
const fetched = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

const CHART = { name: "hello", chart_version: "1.4.0", chart_digest: `sha256:${"a".repeat(64)}`, values: null, values_schema: null };

const field = (name: string) => screen.findByRole<HTMLInputElement>("textbox", { name });
const press = async (name: string) => userEvent.click(await screen.findByRole("button", { name }));
const sent = () => fetched.mock.calls.map(([request]) => request).filter((request) => request.url.endsWith("/templates"));

test("a version is published with the chart that was read of it, and once however often it is asked for", async () => {
  fetched.mockImplementation((request) => {
    if (request.url.endsWith("/inspect")) return Promise.resolve(Response.json(CHART));
    if (request.url.endsWith("/templates")) return Promise.resolve(Response.json({ title: "Later", status: 503, code: "unavailable" }, { status: 503 }));
    return Promise.resolve(Response.json({ id: "p", name: "Hello" }));
  });
  showPage({ path: "/admin/products/$productId/publish", address: "/admin/products/p/publish", page: Publish });
  await userEvent.type(await field("Chart"), "oci://charts.example.org/hello");
  await userEvent.type(await field("Chart version"), "1.4.0");
  await press("Read the chart");
  await waitFor(async () => expect((await field("Digest")).value).toBe(CHART.chart_digest));
  await userEvent.type(await field("Chart version"), "{Backspace}{Backspace}{Backspace}5.0");
  expect((await field("Digest")).value).toBe("");
  expect((await field("Shown as")).value).toBe("");

  for (const times of [1, 2]) {
    await press("Publish");
    await waitFor(() => expect(sent()).toHaveLength(times));
    await screen.findByRole("alert");
  }
  await userEvent.type(await field("Shown as"), "1.5 LTS");
  await press("Publish");
  await waitFor(() => expect(sent()).toHaveLength(3));
  expect(await sent()[0]?.json()).toMatchObject({ chart_version: "1.5.0", chart_digest: null, version_label: null });
  const [first, again, edited] = sent().map((request) => request.headers.get("Idempotency-Key"));
  expect(first).toBeTruthy();
  expect(again).toBe(first);
  expect(edited).not.toBe(first);
});
