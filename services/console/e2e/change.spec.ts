/** Values changed in the form, looked at before they are applied; and rolled back. Suspended, resumed, deleted. */
import { expect, test } from "./support/flow";

test("change the values, roll back, suspend, and delete with the name typed", async ({ admin, backend }) => {
  const product = await backend.product("Hello");
  const asked = await backend.deploy({ product_id: product.id, user_values: { greeting: "first", replicas: 1 } });
  await backend.until(asked.id, "ready");
  const main = admin.getByRole("main");
  const ready = main.locator('[data-status="ready"]');

  await admin.goto(`/deployments/${asked.id}?tab=values`);
  const greeting = admin.getByLabel("Greeting");
  await greeting.fill("x".repeat(101));
  await expect(main.getByText("has at most 100 characters")).toBeVisible();
  await expect(admin.getByRole("button", { name: "Preview the change" })).toBeDisabled();
  await greeting.fill("second");
  await admin.getByRole("button", { name: "Preview the change" }).click();
  await expect(main.getByText("This would change")).toBeVisible();
  await expect(main.getByRole("cell", { name: "first" }).first()).toBeVisible();
  await admin.getByRole("button", { name: "Apply" }).click();
  await expect.poll(async () => (await backend.get(`/deployments/${asked.id}`)).applied_generation).toBe(2);
  await expect(ready).toBeVisible();

  await admin.getByRole("tab", { name: "Revisions" }).click();
  await admin.getByRole("button", { name: "Roll back to revision 1" }).click();
  await expect(admin.getByRole("dialog")).toContainText("+ greeting: first");
  await admin.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
  await expect(main.getByRole("row", { name: /^3/ })).toContainText("was ready");
  expect((await backend.get(`/deployments/${asked.id}`)).user_values.greeting).toBe("first");

  await admin.getByRole("button", { name: "More" }).click();
  await admin.getByRole("menuitem", { name: "Suspend" }).click();
  await expect(main.locator('[data-status="suspended"]')).toBeVisible();

  await admin.getByRole("button", { name: "More" }).click();
  await admin.getByRole("menuitem", { name: "Delete…" }).click();
  const dialog = admin.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Delete it" })).toBeDisabled();
  await dialog.getByLabel(/to confirm/).fill(asked.domain_name);
  await dialog.getByRole("button", { name: "Delete it" }).click();
  await expect(main.locator('[data-status="deleted"]')).toBeVisible();
});
