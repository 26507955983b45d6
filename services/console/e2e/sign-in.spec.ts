/** Signing in, with a password and with a one-time link; staying signed in; leaving. */
import { Backend, required } from "./support/backend";
import { expect, test, watch } from "./support/flow";

test("a wrong password is told, a right one leads to where one wanted to be", async ({ page }) => {
  watch(page);
  await page.goto("/deployments?status=error");
  await page.getByLabel("E-mail address").fill(Backend.admin.email);
  const password = page.getByRole("textbox", { name: "Password" });
  await password.fill("not-the-password");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText("the e-mail address or the password is wrong");
  await password.fill(Backend.admin.password);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/deployments\?status=error$/);
  await expect(page.getByRole("heading", { level: 1, name: "Deployments" })).toBeVisible();

  await page.getByRole("button", { name: "Account and looks" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Slipway" })).toBeVisible();
  await page.goto("/deployments");
  await expect(page.getByRole("heading", { name: "Sign in to Slipway" })).toBeVisible();
});

test("a one-time link opens the console signed in, once, and its code leaves the address", async ({ browser }) => {
  const link = required("SLIPWAY_CONSOLE_LINK");
  const first = await (await browser.newContext()).newPage();
  await first.goto(link);
  await expect(first.getByRole("heading", { name: "Catalogue" })).toBeVisible();
  expect(first.url()).not.toContain("code");
  const second = await (await browser.newContext()).newPage();
  await second.goto(link);
  await expect(second.getByText("This link does not work any more")).toBeVisible();
});

test("a link that is opened where somebody is signed in changes nothing without a yes", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("E-mail address").fill(Backend.admin.email);
  await page.getByRole("textbox", { name: "Password" }).fill(Backend.admin.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Catalogue" })).toBeVisible();
  const asked: string[] = [];
  page.on("request", (request) => request.url().endsWith("/auth/exchange") && asked.push(request.url()));
  await page.goto("/sign-in#code=somebody-elses");
  await expect(page.getByRole("alert")).toContainText("You are signed in here already");
  await page.getByRole("button", { name: "Stay signed in" }).click();
  await expect(page.getByRole("heading", { name: "Catalogue" })).toBeVisible();
  expect(asked).toEqual([]);
  await page.goto("/sign-in#code=somebody-elses");
  await page.getByRole("button", { name: "Use the link" }).click();
  await expect(page.getByText("This link does not work any more")).toBeVisible();
  expect(asked).toHaveLength(1);
});

test("a token that has run out is renewed without a word", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("E-mail address").fill(Backend.admin.email);
  await page.getByRole("textbox", { name: "Password" }).fill(Backend.admin.password);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Catalogue" })).toBeVisible();
  await page.evaluate(() => window.localStorage.setItem("slipway.session", JSON.stringify({ token: "run-out", expiresAt: 0 })));
  await page.goto("/deployments");
  await expect(page.getByText(/\d+ deployments?$/)).toBeVisible();
});

test("single sign-on is offered where it is set up, and leads in", async ({ page }) => {
  watch(page);
  await page.goto("/sign-in");
  await page.getByRole("link", { name: /^Sign in at / }).click();
  await expect(page.getByRole("heading", { name: "Catalogue" })).toBeVisible();
  expect(page.url()).not.toContain("code");
});

test("what single sign-on refuses is told in words, and leaves the address", async ({ page }) => {
  await page.goto("/sign-in#error=your%20address%20is%20not%20verified");
  await expect(page.getByRole("alert")).toContainText("your address is not verified");
  expect(page.url()).not.toContain("error");
});
