/** An admin publishes a product; a user deploys it; another user sees nothing of that. */
import { Backend, fresh, freshDomain } from "./support/backend";
import { expect, test } from "./support/flow";

test("an admin publishes, a user deploys, another user sees none of it", async ({ admin, as, backend, playwright, baseURL }) => {
  const name = `Teapot ${fresh()}`;
  await admin.goto("/admin/products");
  await admin.getByRole("button", { name: "Create a product" }).click();
  await admin.getByRole("textbox", { name: "Name" }).fill(name);
  await admin.getByRole("dialog").getByRole("button", { name: "Create" }).click();
  await admin.getByRole("link", { name: "Publish a version" }).click();
  await admin.getByText("Only an image").click();
  await admin.getByRole("textbox", { name: "Image" }).fill("registry.example.org/teapot:2.1");
  await admin.getByLabel("Shown as").fill("2.1 Oolong");
  const user = { type: "object", additionalProperties: false, properties: { replicaCount: { type: "integer", title: "Cups", minimum: 1, maximum: 3 } } };
  await admin.getByRole("textbox", { name: "Schema of the values" }).fill("{ not yet JSON");
  await expect(admin.getByRole("button", { name: "Publish" })).toBeDisabled();
  await admin.getByRole("textbox", { name: "Schema of the values" }).fill(JSON.stringify({ type: "object", properties: { user } }));
  await expect(admin.getByRole("region", { name: "The form that users will see" }).getByLabel("Cups")).toBeVisible();
  await admin.getByRole("button", { name: "Publish" }).click();
  await expect(admin.getByRole("row", { name: /2\.1 Oolong/ })).toContainText("current");

  const http = await playwright.request.newContext({ baseURL });
  const [one, other] = [await Backend.signIn(http, await backend.newUser("One")), await Backend.signIn(http, await backend.newUser("Other"))];
  const page = await as(one);
  await page.goto("/");
  await expect(page.getByRole("link", { name: "Users" })).toHaveCount(0);
  await page.getByRole("link", { name: `Deploy ${name}` }).click();
  const domain = freshDomain();
  await page.getByLabel("Domain name").fill(domain);
  await page.getByLabel("Cups").fill("2");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("button", { name: "Deploy" }).click();
  await expect(page.getByRole("main").locator('[data-status="ready"]')).toBeVisible();

  const stranger = await as(other);
  await stranger.goto("/deployments");
  await expect(stranger.getByText("Nothing runs yet")).toBeVisible();
  await stranger.goto(new URL(page.url()).pathname);
  await expect(stranger.getByRole("alert")).toContainText("there is no such deployment, or it is not yours");
  await stranger.goto("/admin/users");
  await expect(stranger.getByRole("alert")).toContainText("only an admin may do this");
  await http.dispose();
});
