import { screen, waitFor } from "@testing-library/react";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { User } from "../../../api/users";
import { show } from "../../../testing/show";
import { QuotaDialog } from "./QuotaDialog";

/** In its place before the client of the API is made. */
const fetched = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

const QUOTA = { quota: { deployments: 50, cpu_milli: 4000 }, own: { deployments: 50, cpu_milli: null }, used: {}, deployments: 3 };

test("a quota that could not be read is not written over", async () => {
  let answers = () => Response.json({ title: "A needed service is down", status: 503, code: "unavailable" }, { status: 503 });
  fetched.mockImplementation(() => Promise.resolve(answers()));
  show(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <QuotaDialog user={{ id: "u", email: "a@example.org" } as User} onClose={() => undefined} />
    </QueryClientProvider>,
  );
  const save = await screen.findByRole<HTMLButtonElement>("button", { name: "Save" });
  expect(save.disabled).toBe(true);
  expect((await screen.findByRole("alert")).textContent).toContain("A needed service is down");
  expect(save.disabled).toBe(true);

  answers = () => Response.json(QUOTA);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await userEvent.type(await screen.findByRole("textbox", { name: "Memory" }), "512");
  await userEvent.click(save);
  await waitFor(() => expect(fetched.mock.calls.some(([request]) => request.method === "PUT")).toBe(true));
  const [put] = fetched.mock.calls.map(([request]) => request).filter((request) => request.method === "PUT");
  expect(await put?.json()).toEqual({ deployments: 50, cpu_milli: null, memory_mib: 512 });
});
