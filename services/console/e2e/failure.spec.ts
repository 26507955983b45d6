/** One that never becomes ready says why, on its page, without a reload. */
import { fresh } from "./support/backend";
import { expect, test } from "./support/flow";

test("the real reason of a failure stands on the page", async ({ admin, backend }) => {
  const product = await backend.post("/products", { name: `Unpullable ${fresh()}` });
  const template = await backend.post(`/products/${product.id}/templates`, {
    docker_image_url: "registry.example.org/slipway-test/pull-fails:1",
    health_timeout_sec: 2,
  });
  const asked = await backend.deploy({ template_id: template.id });
  await admin.goto(`/deployments/${asked.id}`);
  await expect(admin.getByText("It failed")).toBeVisible();
  await expect(admin.getByRole("alert").first()).toContainText("cannot pull image registry.example.org/slipway-test/pull-fails:1");
  await expect(admin.getByText("It is not tried again until something is changed.")).toBeVisible();
  await admin.getByRole("tab", { name: "Objects" }).click();
  await expect(admin.getByText(/ImagePullBackOff/).first()).toBeVisible();
});
