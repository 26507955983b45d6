/** A thousand deployments: only those in sight are drawn, scrolling stays smooth, and a change shows by itself. */
import { type Json } from "./support/backend";
import { median, note, share, usedOfACore } from "./support/figures";
import { expect, test } from "./support/flow";

const MANY = 1000;

/** The page's own answers, with a real deployment repeated: the cluster is not asked for a thousand of them. */
async function repeat(page: import("@playwright/test").Page, sample: Json): Promise<void> {
  const rows = Array.from({ length: MANY - 1 }, (_, at) => ({
    ...sample, id: `00000000-0000-7000-8000-${String(at).padStart(12, "0")}`, domain_name: `many-${at}.example.org`,
  }));
  await page.route(/\/api\/v1\/deployments\?/, (route) => route.fulfill({ json: { items: [sample, ...rows], next_cursor: null } }));
}

test("a list of 1,000 scrolls smoothly and updates live", async ({ admin, backend, browser }) => {
  const product = await backend.product("Hello");
  const asked = await backend.deploy({ product_id: product.id });
  const sample = await backend.until(asked.id, "ready");
  await repeat(admin, sample);
  await admin.goto("/deployments");
  await expect(admin.getByText("1,000 deployments")).toBeVisible();
  const rows = admin.getByRole("list", { name: "Deployments" }).getByRole("listitem");
  expect(await rows.count()).toBeLessThan(60);

  const before = await usedOfACore(browser);
  const { frames, long } = await admin.evaluate(async () => {
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
  await expect(admin.getByText(/^many-9[89]\d\.example\.org$/).first()).toBeVisible();
  expect(await rows.count()).toBeLessThan(60);

  await admin.evaluate(() => window.scrollTo(0, 0));
  const first = rows.filter({ hasText: sample.domain_name });
  await expect(first.locator('[data-status="ready"]')).toBeVisible();
  await backend.call("DELETE", `/deployments/${sample.id}`);
  await expect(first).toHaveCount(0);
});
