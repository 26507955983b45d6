import { beforeEach, expect, test, vi } from "vitest";
import { api, ask } from "./client";
import { Problem } from "./problem";
import { keepSession, readSession } from "./session";

const fetched = vi.fn<(request: Request | string) => Promise<Response>>();
const OVER = -5;
const SOON = 30;

/** What is answered by the end of the address. */
function answering(answers: Record<string, () => Response>) {
  fetched.mockImplementation((request) => {
    const url = typeof request === "string" ? request : request.url;
    const found = Object.entries(answers).find(([end]) => url.endsWith(end));
    return found ? Promise.resolve(found[1]()) : Promise.reject(new TypeError("Failed to fetch"));
  });
}

const refused = (status: number) => () => Response.json({ title: "No", status, code: "no" }, { status });
const me = () => ask(api.GET("/api/v1/users/me", { fetch: (request) => fetched(request) }));
const asked = () => fetched.mock.calls.map(([request]) => (typeof request === "string" ? request : new URL(request.url).pathname));

beforeEach(() => {
  fetched.mockReset();
  vi.stubGlobal("fetch", fetched);
  window.localStorage.clear();
});

test.each([
  ["the API is busy", { "/auth/refresh": refused(429) }, 429],
  ["the API is not well", { "/auth/refresh": refused(503) }, 503],
  ["a proxy answers", { "/auth/refresh": () => new Response("<html>", { status: 502 }) }, 502],
  ["nothing answers", {}, 0],
])("a session that could not be renewed because %s is kept, and asked for again", async (_, answers, status) => {
  keepSession("old", OVER);
  answering({ ...answers, "/users/me": refused(401) });
  const problem = await me().catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(Problem);
  expect((problem as Problem).status).toBe(status);
  expect(asked()).toEqual(["/api/v1/auth/refresh"]);
  expect(readSession()?.token).toBe("old");
  answering({ "/auth/refresh": () => Response.json({ access_token: "new", expires_in: 3600 }), "/users/me": () => Response.json({ email: "a@example.org" }) });
  expect(await me()).toEqual({ email: "a@example.org" });
});

test("a token that holds for a little while is used when there is no next one", async () => {
  keepSession("old", SOON);
  answering({ "/auth/refresh": refused(503), "/users/me": () => Response.json({ email: "a@example.org" }) });
  expect(await me()).toEqual({ email: "a@example.org" });
});

test("a refresh token that is refused ends the session", async () => {
  keepSession("old", OVER);
  answering({ "/auth/refresh": refused(401), "/users/me": refused(401) });
  await me().catch(() => undefined);
  expect(readSession()).toBeNull();
});
