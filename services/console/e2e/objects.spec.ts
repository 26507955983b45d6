/** The live objects: a tree, and each of them as YAML. */
import { expect, test } from "./support/flow";
import { look } from "./support/looks";

test("an object is shown as the cluster has it, and its page has an address", async ({ admin, backend }) => {
  const product = await backend.product("Hello");
  const asked = await backend.deploy({ product_id: product.id, user_values: { greeting: "As it lives" } });
  const { release_name: name } = await backend.until(asked.id, "ready");
  await admin.goto(`/deployments/${asked.id}?tab=objects`);
  const picked = admin.getByRole("link", { name: `ConfigMap ${name} as YAML` });
  await picked.press("Enter");
  const yaml = admin.getByRole("region", { name: `ConfigMap ${name} as YAML` });
  await expect(yaml).toContainText("greeting: As it lives");
  await expect(yaml).not.toContainText("managedFields");
  await look(admin, "deployment-object");
  const saved = admin.waitForEvent("download");
  await admin.getByRole("button", { name: "Download" }).click();
  expect((await saved).suggestedFilename()).toBe(`ConfigMap-${name}.yaml`);
  await admin.keyboard.press("Escape");
  await expect(yaml).toHaveCount(0);
  await expect(picked).toBeFocused();

  const pod = admin.getByRole("link", { name: /^Pod .* as YAML$/ }).first();
  await pod.click();
  await expect(admin.getByRole("region", { name: /^Pod / })).toContainText("phase: Running");
  await admin.reload();
  await expect(admin.getByRole("region", { name: /^Pod / })).toContainText("phase: Running");
  await admin.goto(`/deployments/${asked.id}?tab=objects&object=ConfigMap/none-such`);
  await expect(admin.getByRole("alert")).toContainText("there is no ConfigMap none-such of this deployment");
});
