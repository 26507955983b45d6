import { QueryClient, QueryClientProvider, useMutation } from "@tanstack/react-query";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import type { Conversation } from "../../api/conversations";
import { Problem } from "../../api/problem";
import { show } from "../../testing/show";
import { Talk } from "./Talk";

const TEXT = "Deploy Hello at a.example.org";
const STORED = { id: "m", role: "user", content: TEXT, created_at: "2030-01-01T00:00:00Z" };
const TOO_LONG = { title: "Some values are not valid", status: 422, code: "invalid", errors: [{ pointer: "/content", message: "has at most 32000 characters" }] };

/** In its place before the client of the API is made. */
const answered = vi.hoisted(() => {
  const mocked = vi.fn<() => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

beforeEach(() => {
  answered.mockReset();
  Element.prototype.scrollIntoView = vi.fn();
});

function talk(begin: () => Promise<Conversation>) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, enabled: false } } });
  const Begun = () => <Talk conversation={undefined} begin={useMutation({ mutationFn: begin })} />;
  show(
    <QueryClientProvider client={client}>
      <Begun />
    </QueryClientProvider>,
  );
  return screen.getByLabelText<HTMLTextAreaElement>("Message");
}

const begun = () => Promise.resolve({ id: "c" } as Conversation);

async function send(field: HTMLTextAreaElement) {
  await userEvent.type(field, TEXT);
  await userEvent.keyboard("{Enter}");
}

test("what could not be said because no conversation began is there again, with the reason", async () => {
  const field = talk(() => Promise.reject(new Problem({ title: "Later", status: 503, code: "unavailable", detail: "ask again" })));
  await send(field);
  expect((await screen.findByRole("alert")).textContent).toContain("ask again");
  expect(field.value).toBe(TEXT);
});

test("what the API refuses is there again to be changed", async () => {
  answered.mockImplementation(() => Promise.resolve(Response.json(TOO_LONG, { status: 422 })));
  const field = talk(begun);
  await send(field);
  await waitFor(() => expect(field.value).toBe(TEXT));
});

test("what was said is gone from the field", async () => {
  answered.mockImplementation(() => Promise.resolve(new Response(`event: user\ndata: ${JSON.stringify(STORED)}\n\nevent: error\ndata: ${JSON.stringify({ title: "No answer", status: 400, code: "x" })}\n\n`)));
  const field = talk(begun);
  await send(field);
  await waitFor(() => expect(answered).toHaveBeenCalled());
  await waitFor(() => expect(screen.getByRole("button", { name: "Send" }).getAttribute("data-loading")).toBeNull());
  expect(field.value).toBe("");
});

test("what got no answer waits for another try, and not in the field too", async () => {
  answered.mockImplementation(() => Promise.reject(new TypeError("Failed to fetch")));
  const field = talk(begun);
  await send(field);
  await waitFor(() => expect(screen.getByRole("button", { name: "Send" }).getAttribute("data-loading")).toBeNull());
  expect(field.value).toBe("");
});

test("messages that could not be read are no empty conversation", async () => {
  answered.mockImplementation(() => Promise.resolve(Response.json({ title: "A needed service is down", status: 503, code: "unavailable" }, { status: 503 })));
  const Page = () => <Talk conversation="c" begin={useMutation({ mutationFn: begun })} />;
  show(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <Page />
    </QueryClientProvider>,
  );
  expect((await screen.findByRole("alert")).textContent).toContain("A needed service is down");
  expect(screen.queryByText("What do I have running?")).toBeNull();
});
