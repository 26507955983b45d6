/** Every page in every look: axe finds nothing, nothing is cut off, and a picture of it is kept to be looked at. */
import type { Page } from "@playwright/test";
import type { Backend, Json } from "./support/backend";
import { expect, test } from "./support/flow";
import { look } from "./support/looks";

interface World {
  product: Json;
  ready: Json;
  failed: Json;
  task: Json;
}

/** Address of each page, and what shows that it is there. */
type Shown = [name: string, address: string, settled: (page: Page) => Promise<void>];

const heading = (name: string | RegExp) => async (page: Page) => expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
const text = (what: string | RegExp) => async (page: Page) => expect(page.getByRole("main").getByText(what).filter({ visible: true }).first()).toBeVisible();

function pages({ product, ready, failed, task }: World): Shown[] {
  return [
    ["catalogue", "/", text(product.name)],
    ["product", `/products/${product.id}`, text("Versions")],
    ["deploy", `/products/${product.id}/deploy`, async (page) => expect(page.getByLabel("Domain name")).toHaveValue(/example/)],
    ["deployments", "/deployments", text(ready.domain_name)],
    ["deployments-none-match", "/deployments?q=nothing-like-it", text("No deployment matches")],
    ["deployment", `/deployments/${ready.id}`, text("Lately")],
    ["deployment-failed", `/deployments/${failed.id}`, text("It failed")],
    ["deployment-objects", `/deployments/${ready.id}?tab=objects`, text("Pod")],
    ["deployment-logs", `/deployments/${ready.id}?tab=logs`, text("Follow")],
    ["deployment-values", `/deployments/${ready.id}?tab=values`, text("What it has now")],
    ["deployment-revisions", `/deployments/${ready.id}?tab=revisions`, text("was ready")],
    ["deployment-events", `/deployments/${ready.id}?tab=events`, text("Asked for")],
    ["tasks", "/tasks", text(task.title)],
    ["assistant", "/assistant", text("New conversation")],
    ["account", "/account", text("Personal tokens")],
    ["admin-products", "/admin/products", text(product.name)],
    ["admin-product", `/admin/products/${product.id}`, text("Versions")],
    ["admin-publish", `/admin/products/${product.id}/publish`, text("The form that users will see")],
    ["admin-users", "/admin/users", text("admin@slipway.localhost")],
    ["admin-jobs", "/admin/jobs", text("create")],
    ["admin-clusters", "/admin/clusters", text("slots free")],
    ["admin-audit", "/admin/audit", text("deployment created")],
    ["not-found", "/no/such/page", text("There is no such page")],
  ];
}

let world: World;

test.beforeAll(async ({ backend }) => {
  world = await made(backend);
});

async function made(backend: Backend): Promise<World> {
  const product = await backend.product("Hello");
  const broken = await backend.post("/products", { name: `Broken shop ${Date.now()}`, description: "Its image cannot be pulled." });
  const template = await backend.post(`/products/${broken.id}/templates`, { docker_image_url: "registry.example.org/slipway-test/pull-fails:1", health_timeout_sec: 2 });
  const asked = await backend.deploy({ product_id: product.id, user_values: { greeting: "Good morning", replicas: 2 } });
  const failing = await backend.deploy({ template_id: template.id });
  const task = await backend.post("/tasks", { title: "Look at the quota", description: "Before the next release." });
  return { product, task, ready: await backend.until(asked.id, "ready"), failed: await backend.until(failing.id, "error") };
}

test("the sign-in page in every look", async ({ page }) => {
  await page.goto("/sign-in");
  await heading("Sign in to Slipway")(page);
  await look(page, "sign-in");
});

test("every page in every look", async ({ admin }) => {
  test.setTimeout(900_000);
  for (const [name, address, settled] of pages(world)) {
    await test.step(name, async () => {
      await admin.goto(address);
      await settled(admin);
      await look(admin, name);
    });
  }
});
