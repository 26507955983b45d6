import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Deployment } from "../../api/deployments";
import { ValuesTab } from "./ValuesTab";

const SCHEMA = { properties: { user: { type: "object", properties: { greeting: { type: "string", title: "Greeting" } } } } };
const deployment = (generation: number, greeting: string) =>
  ({ id: "d", status: "ready", domain_name: "a.example.org", generation, user_values: { greeting }, template: { values_schema_json: SCHEMA } }) as unknown as Deployment;

/** In its place before the client of the API is made. */
const fetched = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

function shown(now: Deployment) {
  return (
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider env="test">
        <ValuesTab deployment={now} />
      </MantineProvider>
    </QueryClientProvider>
  );
}

const greeting = () => screen.getByLabelText<HTMLInputElement>("Greeting");

test("what is being edited outlives a change from elsewhere, and can be left for it", async () => {
  const { rerender } = render(shown(deployment(1, "Hi")));
  await userEvent.type(greeting(), " there");
  rerender(shown(deployment(2, "Bye")));
  expect(greeting().value).toBe("Hi there");
  expect(screen.getByRole("status").textContent).toContain("changed meanwhile");
  await userEvent.click(screen.getByRole("button", { name: "Show it as it is now" }));
  expect(greeting().value).toBe("Bye");
  expect(screen.queryByRole("status")).toBeNull();
});

test("a change is applied to what was edited, and never to what came meanwhile", async () => {
  const preview = { id: "p", removes_everything: false, values: [], added: [], changed: [], removed: [], usage: {}, warnings: [], notes: [] };
  fetched.mockImplementation((request) => Promise.resolve(Response.json(request.method === "PATCH" ? deployment(2, "Hi there") : preview)));
  const { rerender } = render(shown(deployment(1, "Hi")));
  await userEvent.type(greeting(), " there");
  await userEvent.click(screen.getByRole("button", { name: "Preview the change" }));
  await userEvent.click(await screen.findByRole("button", { name: "Apply" }));
  await waitFor(() => expect(fetched.mock.lastCall?.[0].method).toBe("PATCH"));
  expect(fetched.mock.lastCall?.[0].headers.get("If-Match")).toBe('"1"');
  rerender(shown(deployment(2, "Hi there")));
  await waitFor(() => expect(screen.queryByRole("button", { name: "Apply" })).toBeNull());
  expect(screen.queryByRole("status")).toBeNull();
});
