/** The assistant: what it proposes waits for a button; an answer that failed is asked for again. */
import { required } from "./support/backend";
import { expect, test } from "./support/flow";

test("a proposal is carried out when it is confirmed", async ({ admin, backend }) => {
  const domain = required("SLIPWAY_CONSOLE_PROPOSED");
  const named = async () => (await backend.get("/deployments?limit=200")).items.filter((each: { domain_name: string }) => each.domain_name === domain);
  await admin.goto("/assistant");
  await admin.getByRole("textbox", { name: "Message" }).fill(`Deploy Hello at ${domain}`);
  await admin.keyboard.press("Enter");
  const proposal = admin.locator('[data-call="proposed"]');
  await expect(proposal.getByRole("button", { name: "Confirm" })).toBeEnabled();
  await expect(proposal).toContainText(domain);
  expect(await named()).toEqual([]);

  await proposal.getByRole("button", { name: "Confirm" }).click();
  await expect(admin.locator('[data-call="confirmed"]')).toBeVisible();
  await expect.poll(async () => (await named()).length).toBe(1);
  await admin.goto("/deployments");
  await expect(admin.getByRole("link", { name: domain })).toBeVisible();
});

test("an answer that failed is given at another try, also after the page was left", async ({ admin }) => {
  const question = required("SLIPWAY_CONSOLE_UNLUCKY");
  await admin.goto("/assistant");
  await admin.getByRole("textbox", { name: "Message" }).fill(question);
  await admin.keyboard.press("Enter");
  const again = admin.getByRole("log").getByRole("button", { name: "Try again" });
  await expect(admin.getByRole("log").getByRole("alert")).toBeVisible();
  await again.click();
  await expect(admin.getByRole("log").getByRole("alert")).toBeVisible();

  await admin.reload();
  await expect(admin.getByText("This was not answered.")).toBeVisible();
  await again.click();
  await expect(admin.getByRole("article", { name: "Assistant" })).toContainText("At the second try.");
  await expect(admin.getByRole("article", { name: "You" })).toHaveCount(1);
  await expect(again).toHaveCount(0);
});
