import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { readSession } from "../../api/session";
import { showPage } from "../../testing/page";
import { SignIn } from "./SignIn";

/** In its place before the client of the API is made. */
const fetched = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

const refused = (status: number, title: string) => Response.json({ title, status, code: "no" }, { status });
const exchanged = () => fetched.mock.calls.map(([request]) => request).filter((request) => request.url.endsWith("/exchange"));

function open(exchange: () => Response) {
  fetched.mockReset();
  fetched.mockImplementation((request) => Promise.resolve(request.url.endsWith("/exchange") ? exchange() : Response.json({})));
  window.history.replaceState(null, "", "#code=once");
  showPage({ path: "/sign-in", address: "/sign-in", page: SignIn });
}

beforeEach(() => window.localStorage.clear());

test("a link that is used up says so", async () => {
  open(() => refused(401, "Sign in first"));
  expect(await screen.findByText("This link does not work any more")).toBeTruthy();
});

test("a link that nobody could look at is tried again, and signs in", async () => {
  open(() => (exchanged().length === 1 ? refused(503, "A needed service is down") : Response.json({ access_token: "t", expires_in: 3600 })));
  expect((await screen.findByRole("alert")).textContent).toContain("A needed service is down");
  expect(screen.queryByText("This link does not work any more")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(readSession()?.token).toBe("t"));
  expect(await Promise.all(exchanged().map(async (request) => ((await request.json()) as { code: string }).code))).toEqual(["once", "once"]);
});
