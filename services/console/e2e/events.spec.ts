/** The timeline of a deployment that much has happened to: newest first, older ones on demand, new ones by themselves. */
import { Backend } from "./support/backend";
import { expect, test } from "./support/flow";

test("what happens shows at the top, and what happened long ago on demand", async ({ as, backend, playwright, baseURL }) => {
  const http = await playwright.request.newContext({ baseURL });
  const user = await Backend.signIn(http, await backend.newUser("Reader"));
  const { id } = await user.deploy({ product_id: (await backend.product("Hello")).id });
  await user.until(id, "ready");
  const looks = 60; // each look of an admin is an event
  for (let at = 0; at < looks; at += 1) await backend.get(`/deployments/${id}`);

  const page = await as(user);
  await page.goto(`/deployments/${id}?tab=events`);
  const events = page.getByRole("main").getByRole("listitem");
  await expect(events).toHaveCount(50);
  await expect(events.first()).toContainText("An admin looked inside");
  await expect(page.getByText("Asked for")).toHaveCount(0);

  await user.post(`/deployments/${id}/suspend`);
  await expect(events.first()).toContainText("Suspended");
  await expect(events).toHaveCount(51);
  await page.getByRole("button", { name: "Show older ones" }).click();
  await expect(events.last()).toContainText("Asked for");
  const all = await user.get(`/deployments/${id}/events?limit=200`);
  await expect(events).toHaveCount(all.items.length);
  await expect(page.getByRole("button", { name: "Show older ones" })).toHaveCount(0);

  await user.post(`/deployments/${id}/resume`);
  await expect(events.first()).toContainText(/Resumed|Asked|began|Ready/);
  await expect(events.last()).toContainText("Asked for");
  await http.dispose();
});
