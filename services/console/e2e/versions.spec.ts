/** A product's next version: offered to what runs, rolled out in waves, stopped; and the end of the product. */
import { fresh } from "./support/backend";
import { expect, test } from "./support/flow";

const image = (tag: string) => ({ docker_image_url: `registry.example.org/teapot:${tag}`, version_label: tag });

test("a version is offered, rolled out in waves, and a rollout is stopped", async ({ admin, backend }) => {
  const product = await backend.post("/products", { name: `Versions ${fresh()}` });
  const publish = async (body: object) => (await backend.post(`/products/${product.id}/templates`, body)).id as string;
  const wanted = async (id: string) => (await backend.get(`/deployments/${id}`)).template.id as string;
  const rollouts = async () => (await backend.get(`/products/${product.id}/rollouts`)).items;
  const main = admin.getByRole("main");
  const dialog = admin.getByRole("dialog");
  const makeCurrent = async (version: string) => {
    await admin.goto(`/admin/products/${product.id}`);
    await admin.getByRole("button", { name: `Make current: ${version}` }).click();
    await expect(admin.getByRole("row", { name: version })).toContainText("current");
  };
  const begin = async () => {
    await admin.getByRole("button", { name: "Upgrade all deployments…" }).click();
    await dialog.getByRole("textbox", { name: "Deployments in a wave" }).fill("1");
    await dialog.getByRole("button", { name: "Begin" }).click();
    await expect(dialog).toHaveCount(0);
  };

  const first = await publish(image("1.0.0"));
  const [one, two, three] = await Promise.all([1, 2, 3].map(() => backend.deploy({ template_id: first })));
  for (const each of [one, two, three]) await backend.until(each.id, "ready");
  const second = await publish(image("2.0.0"));
  await makeCurrent("2.0.0");

  await test.step("offered", async () => {
    await admin.goto(`/deployments/${one.id}`);
    await expect(main).toContainText("Version 2.0.0 is out");
    await admin.getByRole("button", { name: "Look at the upgrade" }).click();
    await expect(dialog).toContainText("Upgrade to 2.0.0");
    await dialog.getByRole("button", { name: "Upgrade" }).click();
    await expect(main.getByText("2.0.0", { exact: false }).first()).toBeVisible();
    await expect(admin.getByText("Version 2.0.0 is out")).toHaveCount(0);
    expect(await wanted(one.id)).toBe(second);
    await expect(main.locator('[data-status="ready"]')).toBeVisible();
  });

  await test.step("rolled out in waves", async () => {
    await admin.goto(`/admin/products/${product.id}`);
    await begin();
    await expect(main).toContainText("2 done, 0 failed, 0 skipped, 0 to come");
    expect([await wanted(two.id), await wanted(three.id)]).toEqual([second, second]);
    expect((await rollouts())[0]).toMatchObject({ status: "succeeded", batch_size: 1 });
  });

  await test.step("stopped", async () => {
    const third = await publish({ docker_image_url: "registry.example.org/slipway-test/pull-fails:3", version_label: "3.0.0", health_timeout_sec: 600 });
    await makeCurrent("3.0.0");
    await begin();
    await expect.poll(async () => (await rollouts())[0].progress.running).toBe(1);
    await admin.getByRole("button", { name: "Stop" }).click();
    await expect(main.locator('[data-status="stopped"]')).toBeVisible();
    expect((await rollouts())[0].status).toBe("stopped");
    const theirs = await Promise.all([one, two, three].map((each) => wanted(each.id)));
    expect(theirs.filter((each) => each === third)).toHaveLength(1);
  });

  await test.step("the end of the product", async () => {
    await admin.reload();
    await admin.getByRole("button", { name: "Delete…" }).click();
    await dialog.getByLabel("Delete its deployments too").check();
    await dialog.getByLabel(/to confirm/).fill(product.name);
    await dialog.getByRole("button", { name: "Delete" }).click();
    await expect(admin.getByRole("heading", { level: 1, name: "Products" })).toBeVisible();
    await expect(admin.getByRole("link", { name: product.name })).toHaveCount(0);
    for (const each of [one, two, three]) await backend.until(each.id, "deleted");
  });
});
