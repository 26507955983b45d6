/** What the platform's team does all day: users and quotas, jobs, clusters, registries, the audit trail. */
import { Backend, fresh, type Json, required } from "./support/backend";
import { expect, test } from "./support/flow";

test("an admin makes a user, changes their role and quota, and removes them", async ({ admin, backend, playwright, baseURL }) => {
  const email = `new-${fresh()}@example.org`;
  const password = `long-enough-${fresh()}`;
  const stored = async () => (await backend.get("/users?limit=200")).items.find((each: Json) => each.email === email);
  const dialog = admin.getByRole("dialog");
  const row = admin.getByRole("row", { name: email });
  await admin.goto("/admin/users");
  await admin.getByRole("button", { name: "Create a user" }).click();
  await dialog.getByRole("textbox", { name: "E-mail address" }).fill(Backend.admin.email);
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill("Ada New");
  await dialog.getByRole("textbox", { name: "Password" }).fill(password);
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(dialog.getByRole("alert").or(dialog.getByText(/already|taken|has this/)).first()).toBeVisible();
  await dialog.getByRole("textbox", { name: "E-mail address" }).fill(email);
  await dialog.getByRole("button", { name: "Create" }).click();
  await expect(row).toContainText("Ada New");
  const http = await playwright.request.newContext({ baseURL });
  const user = await Backend.signIn(http, { email, password });

  await admin.getByRole("searchbox", { name: "Search users" }).fill("ada new");
  await row.getByRole("button", { name: "Edit Ada New" }).click();
  await dialog.getByRole("switch", { name: "Admin" }).check();
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(row).toContainText("admin");
  expect(await stored()).toMatchObject({ is_admin: true, display_name: "Ada New" });
  expect((await user.get("/users?limit=1")).items).toHaveLength(1);

  await row.getByRole("button", { name: "Quota of Ada New" }).click();
  await dialog.getByRole("textbox", { name: "Deployments" }).fill("3");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toHaveCount(0);
  expect((await user.get(`/users/${(await stored()).id}/quota`)).quota.deployments).toBe(3);

  await row.getByRole("button", { name: "Delete Ada New" }).click();
  await dialog.getByLabel(/to confirm/).fill(email);
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(admin.getByText("Nobody matches")).toBeVisible();
  await expect(Backend.signIn(http, { email, password })).rejects.toThrow("401");
  await http.dispose();
});

test("an admin ends a job that waits, and queues it again", async ({ admin, backend }) => {
  const { id } = await backend.deploy({ product_id: (await backend.product("Hello")).id });
  await backend.until(id, "ready");
  await backend.post(`/deployments/${id}/suspend`);
  await backend.call("PATCH", `/deployments/${id}`, { user_values: { greeting: "Waits" } });
  const newest = async () => (await backend.get(`/deployments/${id}/jobs`)).items[0].status;
  const row = admin.getByRole("row", { name: id.slice(-8) });
  const show = async (status: string) => {
    await admin.getByRole("combobox", { name: "Status" }).click();
    await admin.getByRole("option", { name: status, exact: true }).click();
  };
  await admin.goto("/admin/jobs");
  await show("Queued");
  await expect(row).toContainText("update");
  await row.getByRole("button", { name: "Fail" }).click();
  await expect(row).toHaveCount(0);
  expect(await newest()).toBe("failed");
  await show("Failed");
  await row.getByRole("button", { name: "Requeue" }).click();
  await expect(row).toHaveCount(0);
  expect(await newest()).toBe("queued");
  await backend.post(`/deployments/${id}/resume`);
  await expect.poll(async () => (await backend.get(`/deployments/${id}`)).applied_generation).toBe(2);
  await show("Succeeded");
  await expect(row.filter({ hasText: "update" })).toBeVisible();
});

test("an admin registers and forgets a cluster, and stores and removes credentials", async ({ admin, backend }) => {
  const name = `far-${fresh()}`;
  const host = required("SLIPWAY_CONSOLE_REGISTRY");
  const clusters = async () => (await backend.get("/clusters")).items.map((each: Json) => each.name);
  const dialog = admin.getByRole("dialog");
  await admin.goto("/admin/clusters");
  await admin.getByRole("button", { name: "Register a cluster" }).click();
  await dialog.getByRole("textbox", { name: "Name" }).fill("No Name");
  await dialog.getByRole("button", { name: "Register" }).click();
  await expect(dialog.getByRole("textbox", { name: "Name" })).toHaveAttribute("aria-invalid", "true");
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  await dialog.getByRole("textbox", { name: "Shown as" }).fill("The far one");
  await dialog.getByRole("button", { name: "Register" }).click();
  const card = admin.getByRole("region", { name: `Cluster ${name}` });
  await expect(card).toContainText("The far one");
  await expect(card).toContainText("No executor has been seen.");
  expect(await clusters()).toContain(name);
  await card.getByRole("button", { name: "Forget…" }).click();
  await dialog.getByLabel(/to confirm/).fill(name);
  await dialog.getByRole("button", { name: "Forget it" }).click();
  await expect(card).toHaveCount(0);
  expect(await clusters()).not.toContain(name);

  const password = `secret-${fresh()}`;
  await admin.getByRole("button", { name: "Add credentials" }).click();
  await dialog.getByRole("textbox", { name: "Host" }).fill("elsewhere.example.org");
  await dialog.getByRole("textbox", { name: "User name" }).fill("robot");
  await dialog.getByRole("textbox", { name: "Password" }).fill(password);
  await dialog.getByRole("checkbox", { name: "Pods may pull images with them" }).uncheck();
  await dialog.getByRole("button", { name: "Store" }).click();
  await expect(dialog).toContainText("is not on the platform's list of registries");
  await dialog.getByRole("textbox", { name: "Host" }).fill(host);
  await dialog.getByRole("button", { name: "Store" }).click();
  const row = admin.getByRole("row", { name: host });
  await expect(row).toContainText("robot");
  const stored = await backend.get("/registries");
  expect(stored.items).toMatchObject([{ host, username: "robot", image_pull: false, clusters: ["local"] }]);
  expect(JSON.stringify(stored)).not.toContain(password);
  await row.getByRole("button", { name: `Remove the credentials of ${host}` }).click();
  await expect(admin.getByText("No credentials are stored")).toBeVisible();
  expect((await backend.get("/registries")).items).toEqual([]);
});

test("the audit trail is filtered by who, what, result and day", async ({ admin, backend, playwright, baseURL }) => {
  const http = await playwright.request.newContext({ baseURL });
  const person = await backend.newUser(`Curious ${fresh()}`);
  const user = await Backend.signIn(http, person);
  await expect(user.post("/products", { name: "Not mine to make" })).rejects.toThrow("403");
  await user.post("/users/me/tokens", { name: "program" });
  const rows = admin.getByRole("row").filter({ hasText: person.email });
  const choose = async (field: string, what: string) => {
    await admin.getByRole("combobox", { name: field }).fill(what);
    await admin.getByRole("option", { name: what }).first().click();
  };
  await admin.goto("/admin/audit");
  await choose("Who", (await user.get("/users/me")).display_name);
  await expect(rows).toHaveCount(3);
  await choose("Action", "user token created");
  await expect(rows).toHaveCount(1);
  await admin.reload();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("user token created");
  await choose("Action", "user signed in");
  await expect(rows).toContainText("user signed in");

  await choose("Action", "request refused");
  await admin.getByRole("combobox", { name: "Result" }).click();
  await admin.getByRole("option", { name: "refused" }).click();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("forbidden");
  await admin.getByLabel("From").fill("2099-01-01");
  await expect(admin.getByText("Nothing was recorded that fits")).toBeVisible();
  await admin.getByLabel("From").fill("2020-01-01");
  await expect(rows).toHaveCount(1);
  await http.dispose();
});
