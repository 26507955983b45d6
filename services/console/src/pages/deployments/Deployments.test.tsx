import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { showPage } from "../../testing/page";
import { Deployments } from "./Deployments";

/** In its place before the client of the API is made. */
vi.hoisted(() => vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ items: [], next_cursor: null }))));

test("what is typed into the search stays where it was typed, and the address follows", async () => {
  const { router } = showPage({ path: "/deployments", address: "/deployments?q=ac", page: Deployments });
  const field = await screen.findByRole<HTMLInputElement>("searchbox");
  expect(field.value).toBe("ac");
  await userEvent.type(field, "bb", { initialSelectionStart: 1, initialSelectionEnd: 1 });
  expect(field.value).toBe("abbc");
  await waitFor(() => expect(router.state.location.search).toEqual({ q: "abbc" }));
  field.blur();
  await act(() => router.navigate({ to: "/deployments", search: { q: "other" } as never }));
  await waitFor(() => expect(field.value).toBe("other"));
});
