/** First use: the link that `make up` prints, and a ready sample in no more than five clicks, without a reload. */
import { required } from "./support/backend";
import { expect, test, watch } from "./support/flow";

test("five clicks from the printed link to a ready deployment", async ({ page }) => {
  watch(page);
  let clicks = 0;
  const click = async (name: string) => {
    clicks += 1;
    await page.getByRole("main").getByRole(name.startsWith("Deploy ") ? "link" : "button", { name, exact: true }).click();
  };
  await page.goto(required("SLIPWAY_CONSOLE_LINK"));
  await expect(page.getByRole("heading", { name: "Catalogue" })).toBeVisible();

  await click("Deploy Hello");
  const domain = page.getByLabel("Domain name");
  await expect(domain).toHaveValue(/^hello-[a-z0-9]{4}\..+/);
  const chosen = await domain.inputValue();
  await click("Preview");
  await expect(page.getByText("Deployment hello-")).toBeVisible();
  await click("Deploy");

  await expect(page.getByRole("heading", { name: chosen })).toBeVisible();
  await page.evaluate(() => Object.assign(window, { stayed: true }));
  await expect(page.getByRole("main").locator('[data-status="ready"]')).toBeVisible();
  expect(await page.evaluate(() => "stayed" in window), "the page was not loaded again").toBe(true);
  expect(clicks).toBeLessThanOrEqual(5);
});
