import { act, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveMark } from "../app/shell/LiveMark";
import { show } from "../testing/show";
import { followFeed } from "./feed";
import { keepSession, readSession } from "./session";

const opened = vi.fn<(path: string, init: { headers: Headers; signal: AbortSignal }) => Promise<Response>>();
let ending: AbortController;

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  window.localStorage.clear();
  keepSession("ada", 3600);
  opened.mockReset();
  vi.stubGlobal("fetch", opened);
  ending = new AbortController();
});

afterEach(() => {
  ending.abort();
  vi.useRealTimers();
});

const follow = () => void followFeed(ending.signal, () => undefined, () => undefined, () => undefined);
const passes = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
const refused = (status: number) => () => Promise.resolve(Response.json({ title: "No", status, code: "no" }, { status }));

/** A feed that says what it is given, until its request is aborted. */
function line() {
  let writer: ReadableStreamDefaultController<Uint8Array>;
  opened.mockImplementationOnce((_, { signal }) => {
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (writer = controller) });
    signal.addEventListener("abort", () => writer.error(signal.reason));
    return Promise.resolve(new Response(body));
  });
  return (text: string) => writer.enqueue(new TextEncoder().encode(text));
}

test("a feed that is refused because the token is not taken any more ends the session", async () => {
  opened.mockImplementation(refused(401));
  follow();
  await waitFor(() => expect(readSession()).toBeNull());
});

test("who has too many pages open is told so, until there is room", async () => {
  opened.mockImplementationOnce(refused(429));
  line();
  show(<LiveMark />);
  follow();
  expect(await screen.findByText(/too many pages are open/)).toBeTruthy();
  expect(readSession()?.token).toBe("ada");
  await passes(1000);
  await waitFor(() => expect(screen.queryByText(/too many pages are open/)).toBeNull());
});

test("a line without a sign of life is left for another one, which goes on where it was", async () => {
  const say = line();
  line();
  follow();
  await passes(0);
  say('id: 1-7\nevent: x\ndata: {"id":"7"}\n\n');
  await passes(40_000);
  say(": still here\n\n");
  await passes(40_000);
  expect(opened).toHaveBeenCalledTimes(1);
  await passes(10_000);
  expect(opened).toHaveBeenCalledTimes(2);
  expect(opened.mock.calls[1]![1].headers.get("Last-Event-ID")).toBe("1-7");
});

test("a line that does not even answer is left too", async () => {
  opened.mockImplementation((_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))));
  follow();
  await passes(50_000);
  expect(opened.mock.calls.length).toBeGreaterThan(1);
});
