/** A chart is read before it is published: uploaded as a file, or named in a registry; its own schema makes the form. */
import { fresh, freshDomain, required } from "./support/backend";
import { expect, test } from "./support/flow";
import { look } from "./support/looks";

test("a chart that was uploaded is published and deployed", async ({ admin, backend }) => {
  const product = await backend.post("/products", { name: `Uploaded ${fresh()}` });
  await admin.goto(`/admin/products/${product.id}/publish`);
  await admin.getByText("Upload", { exact: true }).click();
  await expect(admin.getByRole("button", { name: "Publish" })).toBeDisabled();
  const choose = async (file: Parameters<import("@playwright/test").FileChooser["setFiles"]>[0]) => {
    const chooser = admin.waitForEvent("filechooser");
    await admin.getByRole("button", { name: "Chart archive" }).click();
    await (await chooser).setFiles(file);
  };
  await choose({ name: "notes.tgz", mimeType: "application/gzip", buffer: Buffer.from("no chart") });
  await expect(admin.getByRole("alert")).toContainText("send a chart as `helm package` makes it");

  await choose(required("SLIPWAY_CONSOLE_CHART"));
  const chart = admin.getByRole("region", { name: "The chart", exact: true });
  await expect(chart).toContainText("hello 4.2.0");
  await expect(chart).toContainText(/sha256:[0-9a-f]{64}/);
  await expect(admin.getByRole("region", { name: "The form that users will see" }).getByLabel("greeting")).toBeVisible();
  await look(admin, "admin-publish-uploaded");
  await admin.getByRole("button", { name: "Publish" }).click();
  await expect(admin.getByRole("row", { name: /4\.2\.0/ })).toContainText("an uploaded chart, version 4.2.0");

  await admin.goto(`/products/${product.id}/deploy`);
  await admin.getByLabel("Domain name").fill(freshDomain());
  await admin.getByLabel("greeting").fill("From a file");
  await admin.getByRole("button", { name: "Preview" }).click();
  await admin.getByRole("button", { name: "Deploy" }).click();
  await expect(admin.getByRole("main").locator('[data-status="ready"]')).toBeVisible();
});

test("a chart in a registry is read before it is published", async ({ admin, backend }) => {
  const product = await backend.post("/products", { name: `Read ${fresh()}` });
  await admin.goto(`/admin/products/${product.id}/publish`);
  await admin.getByRole("textbox", { name: "Chart", exact: true }).fill(`oci://${required("SLIPWAY_CONSOLE_REGISTRY")}/charts/hello`);
  await admin.getByRole("textbox", { name: "Chart version" }).fill("9.9.9");
  await admin.getByRole("button", { name: "Read the chart" }).click();
  await expect(admin.getByRole("alert")).toContainText("the registry does not have this chart or version");
  await admin.getByRole("textbox", { name: "Chart version" }).fill("1.0.0");
  await admin.getByRole("button", { name: "Read the chart" }).click();
  await expect(admin.getByRole("region", { name: "The chart", exact: true })).toContainText("hello 1.0.0");
  await expect(admin.getByRole("textbox", { name: "Digest" })).toHaveValue(/^sha256:/);
  await expect(admin.getByRole("textbox", { name: "Schema of the values" })).toHaveValue(/greeting/);
});
