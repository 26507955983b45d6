/** A thousand deployments: only those in sight are drawn, scrolling stays smooth, and a change shows by itself. */
import { Backend, required } from "./support/backend";
import { median, note, share, usedOfACore } from "./support/figures";
import { expect, test } from "./support/flow";

/** Somebody who has 999 deployments already. */
const OWNER = { email: required("SLIPWAY_CONSOLE_MANY"), password: required("SLIPWAY_CONSOLE_MANY_PASSWORD") };

test("a list of 1,000 scrolls smoothly and updates live", async ({ as, backend, browser, playwright, baseURL }) => {
  const http = await playwright.request.newContext({ baseURL });
  const owner = await Backend.signIn(http, OWNER);
  const asked = await owner.deploy({ product_id: (await backend.product("Hello")).id });
  const sample = await owner.until(asked.id, "ready");
  const page = await as(owner);
  const pages: string[] = [];
  page.on("request", (request) => request.url().includes("/deployments?") && pages.push(request.url()));
  await page.goto("/deployments");
  await expect(page.getByText("1,000 deployments")).toBeVisible();
  expect(new Set(pages).size, "pages of 200 that were read").toBe(5);
  const rows = page.getByRole("list", { name: "Deployments" }).getByRole("listitem");
  expect(await rows.count()).toBeLessThan(60);

  const before = await usedOfACore(browser);
  const { frames, long } = await page.evaluate(async () => {
    const times: number[] = [];
    const long: number[] = [];
    const watching = new PerformanceObserver((list) => long.push(...list.getEntries().map((each) => each.duration)));
    watching.observe({ type: "longtask" });
    const end = document.documentElement.scrollHeight;
    for (let at = 0; at < 120; at += 1) {
      window.scrollTo(0, (end * at) / 120);
      times.push(await new Promise<number>((resolve) => requestAnimationFrame(resolve)));
    }
    watching.disconnect();
    return { frames: times.slice(1).map((time, at) => time - (times[at] ?? 0)), long };
  });
  await note("scrolling through 1,000 deployments", {
    "frame ms, median": median(frames), "frame ms, 95 of 100": share(frames, 0.95),
    "of a core a frame, ms": ((await usedOfACore(browser)) - before) / (frames.length + 1), "tasks over 50 ms": long.length, "longest ms": Math.max(0, ...long),
  });
  await expect(page.locator('[aria-posinset="988"]')).toBeVisible();
  expect(await rows.count()).toBeLessThan(60);

  await page.evaluate(() => window.scrollTo(0, 0));
  const first = rows.filter({ hasText: sample.domain_name });
  await expect(first.locator('[data-status="ready"]')).toBeVisible();
  await owner.call("DELETE", `/deployments/${sample.id}`);
  await expect(first).toHaveCount(0);
  await http.dispose();
});
