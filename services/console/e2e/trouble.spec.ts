/** What is in one's way is told where one can mend it, and what comes back is shown by itself. */
import { Backend, freshDomain } from "./support/backend";
import { expect, test } from "./support/flow";

test("a domain that is taken is told at its field", async ({ admin, backend }) => {
  const product = await backend.product("Hello");
  const { domain_name: taken } = await backend.deploy({ product_id: product.id });
  await admin.goto(`/products/${product.id}/deploy`);
  const domain = admin.getByRole("textbox", { name: "Domain name" });
  await domain.fill(taken);
  await admin.getByLabel("Greeting").fill("Kept while one mends the domain");
  await admin.getByRole("button", { name: "Preview" }).click();
  await admin.getByRole("button", { name: "Deploy" }).click();
  await expect(admin.getByText("another deployment has this domain name")).toBeVisible();
  await expect(domain).toBeFocused();
  await expect(admin.getByLabel("Greeting")).toHaveValue("Kept while one mends the domain");
  await domain.fill(freshDomain());
  await expect(admin.getByText("another deployment has this domain name")).toHaveCount(0);
  await admin.getByRole("button", { name: "Preview" }).click();
  await admin.getByRole("button", { name: "Deploy" }).click();
  await expect(admin).toHaveURL(/\/deployments\/[0-9a-f-]{36}$/);
});

test("who has no room is told before the preview", async ({ as, backend, playwright, baseURL }) => {
  const http = await playwright.request.newContext({ baseURL });
  const who = await Backend.signIn(http, await backend.newUser("No room"));
  await backend.call("PUT", `/users/${(await who.get("/users/me")).id}/quota`, { deployments: 0 });
  const page = await as(who);
  await page.goto(`/products/${(await backend.product("Hello")).id}/deploy`);
  await page.getByRole("textbox", { name: "Domain name" }).fill(freshDomain());
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByRole("alert")).toContainText("That is more than your quota");
  await expect(page.getByRole("alert")).toContainText("ask an admin for more");
  await http.dispose();
});

test("a page that could not be read is read when Slipway is there again", async ({ admin, backend }) => {
  const product = await backend.product("Hello");
  const asked = await backend.deploy({ product_id: product.id });
  await admin.goto("/tasks");
  await admin.route("**/api/**", (route) => route.abort());
  await admin.getByRole("link", { name: "Deployments" }).click();
  await expect(admin.getByRole("alert")).toContainText("Slipway cannot be reached");
  await admin.unroute("**/api/**");
  await expect(admin.getByText(asked.domain_name)).toBeVisible();
});

test("what is not there has a way back", async ({ admin }) => {
  await admin.goto("/deployments/nonsense");
  await expect(admin.getByRole("alert")).toHaveText(/^Not found$/i);
  await admin.getByRole("main").getByRole("link", { name: "Deployments" }).click();
  await expect(admin.getByRole("heading", { level: 1, name: "Deployments" })).toBeVisible();
});

test("a deployment expires on the day that was chosen", async ({ admin, backend }) => {
  const product = await backend.product("Hello");
  const asked = await backend.deploy({ product_id: product.id });
  await admin.goto(`/deployments/${asked.id}`);
  await admin.getByRole("button", { name: "More" }).click();
  await admin.getByRole("menuitem", { name: "Expiry…" }).click();
  await admin.getByLabel("Last day").fill("2099-12-31");
  await admin.getByRole("button", { name: "Keep it so" }).click();
  await expect(admin.getByRole("main").getByText("Expires")).toBeVisible();
  expect((await backend.get(`/deployments/${asked.id}`)).expires_at).toMatch(/^(2099-12-31|2100-01-01)T/);
});
