import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { showPage } from "../../testing/page";
import { Tasks } from "./Tasks";

/** In its place before the client of the API is made. */
const fetched = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

test("a task that is asked for again because no answer came is one task", async () => {
  const added = () => fetched.mock.calls.map(([request]) => request).filter((request) => request.method === "POST");
  fetched.mockImplementation((request) => {
    if (request.method === "GET") return Promise.resolve(Response.json({ items: [], next_cursor: null }));
    return added().length === 1 ? Promise.reject(new TypeError("Failed to fetch")) : Promise.resolve(Response.json({}, { status: 201 }));
  });
  showPage({ path: "/tasks", address: "/tasks", page: Tasks });
  const field = await screen.findByRole<HTMLInputElement>("textbox", { name: "New task" });
  for (const times of [1, 2]) {
    await userEvent.type(field, times === 1 ? "Water the plants{Enter}" : "{Enter}");
    await waitFor(() => expect(added()).toHaveLength(times));
    await waitFor(() => expect(screen.getByRole("button", { name: "Add" }).getAttribute("aria-busy")).toBeNull());
  }
  await waitFor(() => expect(field.value).toBe(""));
  await userEvent.type(field, "Water the plants{Enter}");
  await waitFor(() => expect(added()).toHaveLength(3));
  const [first, again, another] = added().map((request) => request.headers.get("Idempotency-Key"));
  expect(again).toBe(first);
  expect(another).not.toBe(first);
});
