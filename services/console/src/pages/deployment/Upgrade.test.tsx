import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Deployment } from "../../api/deployments";
import { templatesQuery } from "../../api/products";
import { meQuery } from "../../api/users";
import { show } from "../../testing/show";
import { Upgrade } from "./Upgrade";

/** In its place before the client of the API is made. */
const fetched = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

const PREVIEW = { id: "p", removes_everything: false, values: [], added: [], changed: [], removed: [], usage: {}, warnings: [], notes: [] };
const deployment = { id: "d", status: "ready", generation: 1, newer_template_id: "new", template: { id: "old", product_id: "product", version_label: "1.0" } };

test("a dialog that is closed while it upgrades stays, and shows the refusal", async () => {
  let answer: (refusal: Response) => void = () => undefined;
  const upgraded = new Promise<Response>((resolve) => {
    answer = resolve;
  });
  fetched.mockImplementation((request) => (request.url.endsWith("/upgrade") ? upgraded : Promise.resolve(Response.json(PREVIEW))));
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  client.setQueryData(meQuery.queryKey, { is_admin: true } as never);
  client.setQueryData(templatesQuery("product").queryKey, [{ id: "new", version_label: "2.0" }] as never);
  show(
    <QueryClientProvider client={client}>
      <Upgrade deployment={deployment as unknown as Deployment} />
    </QueryClientProvider>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Look at the upgrade" }));
  await userEvent.click(await screen.findByRole("button", { name: "Upgrade" }));
  await waitFor(() => expect(fetched.mock.lastCall?.[0].url).toMatch(/upgrade$/));
  expect(await fetched.mock.lastCall?.[0].json()).toEqual({ template_id: "new", preview_id: "p", confirm_empty: false });
  await userEvent.keyboard("{Escape}");
  answer(Response.json({ title: "Changed meanwhile", status: 412, code: "stale" }, { status: 412 }));
  expect((await screen.findByRole("alert", { name: "Changed meanwhile" })).isConnected).toBe(true);
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
});
