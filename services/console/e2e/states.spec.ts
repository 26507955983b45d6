/** What pages look like with a dialog or a menu open, with nothing to show, and when something is refused or broken: axe finds nothing there. */
import type { Page } from "@playwright/test";
import { Backend, fresh, type Json } from "./support/backend";
import { expect, test } from "./support/flow";
import { look, type Look } from "./support/looks";

const TWO: Look[] = ["desktop-dark", "phone-light"];

/** A state: how one comes to it, from which address. */
type State = [name: string, address: string, come: (page: Page) => Promise<void>];

const press = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole("button", { name }).first().click();
  await expect(page.getByRole("dialog").getByRole("button").last()).toBeVisible();
};
const pick = (item: string) => async (page: Page) => {
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: item }).click();
  await expect(page.getByRole("dialog").getByRole("button").last()).toBeVisible();
};
const shows = (what: string | RegExp) => async (page: Page) => expect(page.getByText(what).first()).toBeVisible();
const fails = (what: string | RegExp) => async (page: Page) => expect(page.getByRole("alert").first()).toContainText(what);

async function visit(page: Page, states: State[]): Promise<void> {
  for (const [name, address, come] of states) {
    await test.step(name, async () => {
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.goto(address);
      await come(page);
      await look(page, `state-${name}`, TWO);
    });
  }
}

test("dialogs and menus that are open", async ({ admin, backend }) => {
  test.setTimeout(600_000);
  const product = await backend.post("/products", { name: `States ${fresh()}`, description: "To be looked at." });
  const publish = async (version: string) => (await backend.post(`/products/${product.id}/templates`, { docker_image_url: `registry.example.org/teapot:${version}`, version_label: version })).id;
  const first = await publish("1.0.0");
  const { id } = await backend.deploy({ template_id: first });
  await backend.until(id, "ready");
  await backend.call("PATCH", `/products/${product.id}`, { template_id: await publish("2.0.0") });
  await backend.post("/tasks", { title: "Edited" });
  const talk = await backend.post("/conversations", { title: "Renamed" });
  await visit(admin, [
    ["account-menu", "/", async (page) => {
      await page.getByRole("button", { name: "Account and looks" }).click();
      await expect(page.getByRole("menuitem", { name: "Sign out" })).toBeVisible();
    }],
    ["filter", "/admin/jobs", async (page) => {
      await page.getByRole("combobox", { name: "Status" }).click();
      await expect(page.getByRole("option", { name: "Queued" })).toBeVisible();
    }],
    ["deployment-menu", `/deployments/${id}`, async (page) => {
      await page.getByRole("button", { name: "More" }).click();
      await expect(page.getByRole("menuitem", { name: "Delete…" })).toBeVisible();
    }],
    ["deployment-delete", `/deployments/${id}`, pick("Delete…")],
    ["deployment-expiry", `/deployments/${id}`, pick("Expiry…")],
    ["deployment-upgrade", `/deployments/${id}`, async (page) => {
      await page.getByRole("button", { name: "Look at the upgrade" }).click();
      await expect(page.getByRole("dialog").getByRole("button", { name: "Upgrade" })).toBeVisible();
    }],
    ["user-create", "/admin/users", async (page) => {
      await press("Create a user")(page);
      await page.getByRole("textbox", { name: "E-mail address" }).fill(`${fresh()}@example.org`);
      await page.getByRole("textbox", { name: "Password" }).fill("short");
      await page.getByRole("button", { name: "Create", exact: true }).click();
      await expect(page.locator('[aria-invalid="true"]').first()).toBeVisible();
    }],
    ["user-quota", "/admin/users", press(/^Quota of/)],
    ["user-delete", "/admin/users", async (page) => {
      await page.locator('button[aria-label^="Delete "]:enabled').first().click();
      await expect(page.getByRole("dialog")).toBeVisible();
    }],
    ["product-edit", `/admin/products/${product.id}`, press("Edit")],
    ["product-delete", `/admin/products/${product.id}`, press("Delete…")],
    ["version-withdraw", `/admin/products/${product.id}`, press("Withdraw 1.0.0")],
    ["rollout-begin", `/admin/products/${product.id}`, press("Upgrade all deployments…")],
    ["cluster-register", "/admin/clusters", press("Register a cluster")],
    ["cluster-forget", "/admin/clusters", press("Forget…")],
    ["registry-add", "/admin/clusters", press("Add credentials")],
    ["token-new", "/account", press("New token")],
    ["token-made", "/account", async (page) => {
      await press("New token")(page);
      await page.getByRole("textbox", { name: "Name" }).fill("laptop");
      await page.getByRole("button", { name: "Make it" }).click();
      await expect(page.getByText("Copy it now: it is not shown again")).toBeVisible();
    }],
    ["task-edit", "/tasks", press("Edit Edited")],
    ["conversation-rename", `/assistant/${talk.id}`, press("Rename…")],
    ["conversation-delete", `/assistant/${talk.id}`, press("Delete…")],
  ]);
});

test("pages with nothing on them, and what a user may not see", async ({ as, backend, playwright, baseURL }) => {
  const http = await playwright.request.newContext({ baseURL });
  const nobody = await as(await Backend.signIn(http, await backend.newUser("New here")));
  await visit(nobody, [
    ["no-deployments", "/deployments", shows("Nothing runs yet")],
    ["no-tasks", "/tasks", shows("Nothing to do")],
    ["no-conversations", "/assistant", shows("Your conversations are kept here.")],
    ["no-tokens", "/account", shows("You have none.")],
    ["no-match", "/", async (page) => {
      await page.getByRole("searchbox").fill("nothing like it");
      await shows("Nothing matches")(page);
    }],
    ["forbidden", "/admin/users", fails("only an admin may do this")],
    ["not-theirs", "/deployments/00000000-0000-7000-8000-000000000000", fails("there is no such deployment")],
    ["none-deleted", "/deployments?status=deleted", shows(/Nothing runs yet|No deployment matches/)],
  ]);
  await http.dispose();
});

test("what is refused or broken is told where axe can read it too", async ({ admin, backend, browser, baseURL }) => {
  const hello = (await backend.product("Hello")) as Json;
  await visit(admin, [
    ["form-refused", `/products/${hello.id}/deploy`, async (page) => {
      await page.getByLabel("Domain name").fill("not a domain!");
      await page.getByRole("button", { name: "Preview" }).click();
      await expect(page.locator('[aria-invalid="true"]')).toBeVisible();
    }],
    ["no-jobs", "/admin/jobs?status=quarantined", shows("No such job")],
    ["no-audit", "/admin/audit?since=2099-01-01", shows("Nothing was recorded that fits")],
    ["no-such-deployment", "/deployments/nonsense", fails(/not found/i)],
    ["loading", "/tasks", async (page) => {
      await page.route("**/api/v1/deployments?**", () => undefined);
      await page.getByRole("link", { name: "Deployments" }).click();
      await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
    }],
    ["unreachable", "/tasks", async (page) => {
      await page.route("**/api/**", (route) => route.abort());
      await page.getByRole("link", { name: "Deployments" }).click();
      await fails("Slipway cannot be reached")(page);
    }],
  ]);

  const stranger = await (await browser.newContext({ baseURL })).newPage();
  await visit(stranger, [
    ["wrong-password", "/sign-in", async (page) => {
      await page.getByLabel("E-mail address").fill("nobody@example.org");
      await page.getByRole("textbox", { name: "Password" }).fill("not-the-password");
      await page.keyboard.press("Enter");
      await fails("the e-mail address or the password is wrong")(page);
    }],
    ["link-used", "/sign-in#code=used-up", shows("This link does not work any more")],
    ["sign-on-refused", "/sign-in#error=your%20address%20is%20not%20verified", fails("your address is not verified")],
  ]);
  await stranger.context().close();
});
