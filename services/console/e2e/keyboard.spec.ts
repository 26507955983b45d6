/** With the keyboard alone: from signing in to a deployment; dialogs hold the focus and give it back. Looks that stay, times that move. */
import type { Locator, Page } from "@playwright/test";
import { Backend, freshDomain } from "./support/backend";
import { expect, test, watch } from "./support/flow";

/** Tab until it has the focus; what was passed on the way. */
async function tabTo(page: Page, wanted: Locator, most = 12): Promise<void> {
  for (let at = 0; at < most; at += 1) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
  }
  await expect(wanted, `is reached with ${most} Tabs`).toBeFocused({ timeout: 1 });
}

test("from the sign-in to a deployment without a pointer", async ({ page }) => {
  watch(page);
  const button = (name: string) => page.getByRole("button", { name, exact: true });
  await page.goto("/");
  await expect(page.getByLabel("E-mail address")).toBeFocused();
  await page.keyboard.type(Backend.admin.email);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("textbox", { name: "Password" })).toBeFocused();
  await page.keyboard.type(Backend.admin.password);
  await page.keyboard.press("Tab");
  await expect(button("Show the password")).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(button("Sign in")).toBeFocused();
  await page.keyboard.press("Enter");

  await expect(page.getByRole("heading", { name: "Catalogue" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Deploy Hello" })).toBeVisible();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the page" })).toBeFocused();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  const search = page.getByRole("searchbox", { name: "Search the catalogue" });
  await expect(search).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("/");
  await expect(search).toBeFocused();
  await page.keyboard.type("hello");
  await tabTo(page, page.getByRole("link", { name: "Deploy Hello" }));
  await page.keyboard.press("Enter");

  const domain = page.getByLabel("Domain name");
  await expect(domain).toBeFocused();
  const chosen = freshDomain();
  await page.keyboard.type(chosen);
  await tabTo(page, page.getByLabel("Greeting"));
  await page.keyboard.type("From the keyboard");
  await tabTo(page, button("Preview"));
  await page.keyboard.press("Enter");
  await expect(button("Deploy")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: chosen })).toBeVisible();
});

/** Tab goes round within it, both ways. */
async function holds(page: Page, dialog: Locator): Promise<void> {
  const inside = () => dialog.evaluate((element) => element.contains(document.activeElement));
  for (const key of [...Array(9).fill("Tab"), ...Array(9).fill("Shift+Tab")]) {
    await page.keyboard.press(key);
    expect(await inside(), `the focus stays inside after ${key}`).toBe(true);
  }
}

test("a dialog takes the focus, holds it, and gives it back on Escape", async ({ admin, backend }) => {
  const dialog = admin.getByRole("dialog");
  const { id } = await backend.deploy({ product_id: (await backend.product("Hello")).id });
  const user = await backend.newUser("Someone");
  const opened: [address: string, button: string | RegExp, first: string | RegExp][] = [
    ["/admin/clusters", "Register a cluster", "Name"],
    ["/admin/clusters", "Add credentials", "Host"],
    ["/admin/clusters", "Forget…", /to confirm/],
    ["/admin/users", "Create a user", "E-mail address"],
    ["/admin/users", `Delete Someone`, /to confirm/],
    ["/admin/products", "Create a product", "Name"],
    ["/account", "New token", "Name"],
  ];
  for (const [address, name, first] of opened) {
    await test.step(`${address}: ${String(name)}`, async () => {
      await admin.goto(address);
      if (address === "/admin/users") await admin.getByRole("searchbox", { name: "Search users" }).fill(user.email);
      const button = admin.getByRole("button", { name, exact: true }).first();
      await button.focus();
      await admin.keyboard.press("Enter");
      await expect(dialog.getByLabel(first).first()).toBeFocused();
      await holds(admin, dialog);
      await admin.keyboard.press("Escape");
      await expect(dialog).toHaveCount(0);
      await expect(button).toBeFocused();
    });
  }

  await admin.goto(`/deployments/${id}`);
  const more = admin.getByRole("button", { name: "More" });
  for (const [item, first] of [["Expiry…", "Last day"], ["Delete…", /to confirm/]] as const) {
    await more.focus();
    await admin.keyboard.press("Enter");
    const wanted = admin.getByRole("menuitem", { name: item });
    for (let at = 0; at < 6 && !(await wanted.evaluate((element) => element === document.activeElement)); at += 1) await admin.keyboard.press("ArrowDown");
    await expect(wanted).toBeFocused();
    await admin.keyboard.press("Enter");
    await expect(dialog.getByLabel(first)).toBeFocused();
    await holds(admin, dialog);
    await admin.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    await expect(more).toBeFocused();
  }
});

test("the chosen looks stay when the page is loaded again", async ({ admin }) => {
  const looks = (how: string) => expect(admin.locator("html")).toHaveAttribute("data-mantine-color-scheme", how);
  const choose = async (name: string) => {
    await admin.getByRole("button", { name: "Account and looks" }).click();
    await admin.getByRole("menuitemradio", { name }).click();
    await admin.keyboard.press("Escape"); // it stays open, and a click on its button would close it
    await expect(admin.getByRole("menu")).toHaveCount(0);
  };
  const ground = () => admin.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await admin.emulateMedia({ colorScheme: "light" });
  await admin.goto("/");
  await looks("light");
  const light = await ground();
  await choose("Dark");
  await looks("dark");
  await admin.reload();
  await looks("dark");
  expect(await ground()).not.toBe(light);
  await choose("As the system");
  await looks("light");
  await admin.emulateMedia({ colorScheme: "dark" });
  await looks("dark");
  await choose("Light");
  await admin.reload();
  await looks("light");
});

test("a time is told as people say it, moves on, and is exact under the pointer and the focus", async ({ admin, backend }) => {
  const { id, created_at } = await backend.deploy({ product_id: (await backend.product("Hello")).id });
  await backend.until(id, "ready");
  await admin.clock.install();
  await admin.goto(`/deployments/${id}`);
  const created = admin.getByRole("definition").locator("time").first();
  await expect(created).toHaveText(/^(just now|\d+ seconds? ago|1 minute ago)$/);
  await admin.clock.fastForward("00:10:00");
  await expect(created).toHaveText("10 minutes ago");
  const exact = await admin.evaluate((time) => new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" }).format(new Date(time)), created_at as string);
  await created.hover();
  await expect(admin.getByRole("tooltip", { name: exact })).toBeVisible();
  await admin.mouse.move(0, 0);
  await expect(admin.getByRole("tooltip")).toHaveCount(0);
  await created.focus();
  await expect(admin.getByRole("tooltip", { name: exact })).toBeVisible();
});
