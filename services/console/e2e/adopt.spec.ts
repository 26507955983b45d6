/** An admin takes over a release that was made by hand: with other values one is told what differs, with its own it is ready. */
import type { Page } from "@playwright/test";
import { required } from "./support/backend";
import { expect, test } from "./support/flow";
import { look } from "./support/looks";

const byHand = required("SLIPWAY_CONSOLE_BY_HAND");

async function adopt(page: Page, greeting: string): Promise<void> {
  await page.goto("/admin/products");
  await page.getByRole("link", { name: "Hello", exact: true }).click();
  await page.getByRole("link", { name: "Adopt a release" }).click();
  await page.getByRole("textbox", { name: "Namespace" }).fill(byHand);
  await expect(page.getByRole("textbox", { name: "Release" })).toHaveValue(byHand);
  await page.getByRole("textbox", { name: "Domain name" }).fill(`${byHand}.example.org`);
  await page.getByLabel("Greeting").fill(greeting);
}

test("a release that was made by hand is adopted when it is just what the product gives", async ({ admin }) => {
  await adopt(admin, "Another greeting");
  await look(admin, "admin-adopt");
  await admin.getByRole("textbox", { name: "Namespace" }).fill("kube-system");
  await admin.getByRole("button", { name: "Adopt" }).click();
  await expect(admin.getByText("is a namespace of the system")).toBeVisible();
  await admin.getByRole("textbox", { name: "Namespace" }).fill(byHand);
  await admin.getByRole("textbox", { name: "Release" }).fill(byHand);
  await admin.getByRole("button", { name: "Adopt" }).click();
  await expect(admin.getByRole("main")).toContainText(`ConfigMap ${byHand} at /data/greeting`);

  await admin.getByRole("button", { name: "More" }).click();
  await admin.getByRole("menuitem", { name: "Delete…" }).click();
  await admin.getByLabel(/Type .* to confirm/).fill(`${byHand}.example.org`);
  await admin.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(admin.getByRole("main").locator('[data-status="deleted"]')).toBeVisible();

  await adopt(admin, "Made by hand");
  await admin.getByRole("button", { name: "Adopt" }).click();
  await expect(admin.getByRole("main").locator('[data-status="ready"]')).toBeVisible();
});
