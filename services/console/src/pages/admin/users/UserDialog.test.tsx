import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { User } from "../../../api/users";
import { UserDialog } from "./UserDialog";

/** In its place before the client of the API is made. */
const fetched = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

const user = (updated_at: string, is_admin: boolean) => ({ id: "u", email: "a@example.org", display_name: "Ada", is_admin, updated_at }) as User;

const dialog = (now: User) => (
  <QueryClientProvider client={new QueryClient()}>
    <MantineProvider env="test">
      <UserDialog user={now} onClose={() => undefined} />
    </MantineProvider>
  </QueryClientProvider>
);

test("only what was changed is sent, and only over the user that was looked at", async () => {
  fetched.mockImplementation((request) => Promise.resolve(Response.json(request.method === "PATCH" ? user("c", false) : {})));
  const { rerender } = render(dialog(user("a", true)));
  rerender(dialog(user("b", false))); // another admin takes the role away meanwhile, and the list behind the dialog says so
  await userEvent.type(screen.getByLabelText("Name"), " Lovelace");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(fetched).toHaveBeenCalled());
  const sent = fetched.mock.calls[0]![0];
  expect(await sent.json()).toEqual({ display_name: "Ada Lovelace" });
  expect(sent.headers.get("If-Match")).toBe('"a"');
});
