/** What is one's own: tasks, personal tokens, and what one asks of a deployment that runs. */
import type { Json } from "./support/backend";
import { fresh } from "./support/backend";
import { expect, test } from "./support/flow";

test("tasks are added, completed, edited, filtered and deleted", async ({ admin, backend }) => {
  const [title, better] = [`Water the plants ${fresh()}`, `Water all plants ${fresh()}`];
  const stored = async (name: string) => (await backend.get("/tasks?limit=200")).items.find((each: Json) => each.title === name);
  const line = (name: string) => admin.getByRole("listitem").filter({ hasText: name });
  const show = (which: string) => admin.getByText(which, { exact: true }).click();
  await admin.goto("/tasks");
  await admin.getByRole("textbox", { name: "New task" }).fill(title);
  await admin.getByRole("button", { name: "Add" }).click();
  await expect(line(title)).toBeVisible();
  await expect(admin.getByRole("textbox", { name: "New task" })).toHaveValue("");

  await admin.getByRole("button", { name: `Edit ${title}` }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Title" }).fill(better);
  await dialog.getByRole("textbox", { name: "Description" }).fill("The ones at the window too.");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(line(better)).toContainText("The ones at the window too.");
  expect(await stored(better)).toMatchObject({ description: "The ones at the window too.", is_completed: false });

  await line(better).getByRole("checkbox").click();
  await expect(line(better)).toHaveCount(0);
  expect((await stored(better)).is_completed).toBe(true);
  await admin.reload();
  await show("Done");
  await expect(line(better).getByRole("checkbox")).toBeChecked();
  await line(better).getByRole("checkbox").click();
  await expect(line(better)).toHaveCount(0);
  await show("All");
  await expect(line(better).getByRole("checkbox")).not.toBeChecked();
  await admin.getByRole("button", { name: `Delete ${better}` }).click();
  await expect(line(better)).toHaveCount(0);
  expect(await stored(better)).toBeUndefined();
});

test("a personal token is shown once, works, and works no more when it is removed", async ({ admin, playwright, baseURL }) => {
  const name = `laptop ${fresh()}`;
  await admin.goto("/account");
  await admin.getByRole("button", { name: "New token" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name" }).fill(name);
  await dialog.getByRole("checkbox", { name: "It may only read" }).check();
  await dialog.getByRole("button", { name: "Make it" }).click();
  const shown = admin.getByRole("alert").filter({ hasText: "it is not shown again" });
  const token = (await shown.locator(".mono").textContent()) ?? "";
  const program = await playwright.request.newContext({ baseURL, extraHTTPHeaders: { Authorization: `Bearer ${token}` } });
  expect((await program.get("/api/v1/users/me")).status()).toBe(200);
  expect((await program.post("/api/v1/tasks", { data: { title: "no" } })).status()).toBe(403);

  await admin.reload();
  const line = admin.getByRole("region", { name: "Personal tokens" });
  await expect(line).toContainText(name);
  await expect(line).toContainText("reads only");
  await expect(admin.getByText(token)).toHaveCount(0);
  await admin.getByRole("button", { name: `Remove ${name}` }).click();
  await expect(line).not.toContainText(name);
  expect((await program.get("/api/v1/users/me")).status()).toBe(401);
  await program.dispose();
});

test("a deployment is suspended, resumed, restarted and tested", async ({ admin, backend }) => {
  const { id } = await backend.deploy({ product_id: (await backend.product("Hello")).id });
  await backend.until(id, "ready");
  const pods = async () => (await backend.get(`/deployments/${id}/resources`)).pods.map((each: Json) => each.name) as string[];
  const told = async () => (await backend.get(`/deployments/${id}/events?limit=200`)).items.map((each: Json) => each.type.split(".")[3]) as string[];
  const main = admin.getByRole("main");
  const ask = async (what: string) => {
    await admin.getByRole("button", { name: "More" }).click();
    await admin.getByRole("menuitem", { name: what }).click();
  };
  await admin.goto(`/deployments/${id}`);
  await ask("Suspend");
  await expect(main.getByText("Changes are kept and wait until it is resumed.")).toBeVisible();
  expect((await backend.get(`/deployments/${id}`)).suspended).toBe(true);
  await ask("Resume");
  await expect(main.locator('[data-status="suspended"]')).toHaveCount(0);
  expect((await backend.get(`/deployments/${id}`)).suspended).toBe(false);

  const before = await pods();
  await ask("Restart its pods");
  await expect(main.getByText("Asked to restart")).toBeVisible();
  await expect.poll(async () => (await pods()).filter((each) => before.includes(each))).toEqual([]);
  await expect.poll(pods).not.toEqual([]);
  await backend.until(id, "ready");
  await ask("Run the chart's tests");
  await expect.poll(told).toContain("tested");
  await admin.getByRole("button", { name: "Reconcile" }).click();
  await expect.poll(told).toContain("reconcile_requested");
});
