/** The log of a pod, followed: a line shows as it is printed. */
import { appendFile } from "node:fs/promises";
import { fresh, required } from "./support/backend";
import { expect, test } from "./support/flow";

test("a line that a pod prints shows while one looks", async ({ admin, backend }) => {
  const product = await backend.product("Hello");
  const asked = await backend.deploy({ product_id: product.id });
  await backend.until(asked.id, "ready");
  await admin.goto(`/deployments/${asked.id}?tab=objects`);
  await admin.getByRole("link", { name: /^Logs of / }).first().click();
  const log = admin.getByRole("log");
  await expect(log).toContainText("this node is simulated");
  const line = `printed just now ${fresh()}`;
  await appendFile(required("SLIPWAY_CONSOLE_POD_LOG"), `${new Date().toISOString()} stdout F ${line}\n`);
  await expect(log).toContainText(line);

  await admin.getByRole("searchbox", { name: "Lines with" }).fill(line.toUpperCase());
  await expect(log).not.toContainText("this node is simulated");
  await expect(log).toContainText(line);
  const saved = admin.waitForEvent("download");
  await admin.getByRole("button", { name: "Download" }).click();
  expect((await saved).suggestedFilename()).toMatch(/\.log$/);
});
