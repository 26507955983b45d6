/** The assistant: what it proposes waits for a button; an answer that failed is asked for again; conversations are renamed and deleted. */
import { fresh, required } from "./support/backend";
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

test("a conversation is renamed, and deleted", async ({ admin, backend }) => {
  const [old, title] = [`Old ${fresh()}`, `Certificates ${fresh()}`];
  const { id } = await backend.post("/conversations", { title: old });
  const list = admin.getByRole("navigation", { name: "Conversations" });
  await admin.goto("/assistant");
  await list.getByRole("link", { name: old }).click();
  await admin.getByRole("button", { name: "Rename…" }).click();
  const dialog = admin.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Title" }).fill("x".repeat(256));
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog).toContainText("has 1 to 255 characters");
  await dialog.getByRole("textbox", { name: "Title" }).fill(title);
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(list.getByRole("link", { name: title })).toHaveAttribute("aria-current", "page");
  expect((await backend.get(`/conversations/${id}`)).title).toBe(title);

  await admin.getByRole("button", { name: "Delete…" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(admin).toHaveURL(/\/assistant$/);
  await expect(list.getByRole("link", { name: title })).toHaveCount(0);
  await expect(admin.getByRole("button", { name: "Delete…" })).toHaveCount(0);
  await expect(backend.get(`/conversations/${id}`)).rejects.toThrow("404");
});
