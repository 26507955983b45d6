/** How fast the first page is there, with nothing cached, and how much script it takes. */
import { note, median, usedOfACore } from "./support/figures";
import { expect, test } from "./support/flow";

const LOADS = 7;
const FIRST_PAGE_BYTES = 250 * 1024;

interface Load {
  contentMs: number;
  largestMs: number;
  catalogueMs: number;
  scriptBytes: number;
}

async function load(page: import("@playwright/test").Page): Promise<Load> {
  await page.goto("/");
  await page.getByRole("link", { name: "Deploy Hello" }).waitFor();
  return await page.evaluate(async () => {
    const catalogueMs = performance.now();
    const largestMs = await new Promise<number>((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries().at(-1)?.startTime ?? 0)).observe({ type: "largest-contentful-paint", buffered: true });
    });
    const scripts = (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).filter((each) => new URL(each.name).pathname.endsWith(".js"));
    return {
      catalogueMs,
      largestMs,
      contentMs: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
      scriptBytes: scripts.reduce((sum, each) => sum + each.encodedBodySize, 0),
    };
  });
}

test("the first page, with an empty cache", async ({ as, backend, browser }) => {
  const loads: Load[] = [];
  const used: number[] = [];
  for (let at = 0; at < LOADS; at += 1) {
    const page = await as(backend);
    const before = await usedOfACore(browser);
    loads.push(await load(page));
    used.push((await usedOfACore(browser)) - before);
    await page.context().close();
  }
  const scriptBytes = median(loads.map((each) => each.scriptBytes));
  await note("first page, median", {
    "first content ms": median(loads.map((each) => each.contentMs)),
    "largest content ms": median(loads.map((each) => each.largestMs)),
    "catalogue usable ms": median(loads.map((each) => each.catalogueMs)),
    "of a core, ms": median(used),
    "script KB": scriptBytes / 1024,
  });
  expect(scriptBytes, "scripts as they are sent, compressed").toBeGreaterThan(10 * 1024);
  expect(scriptBytes).toBeLessThanOrEqual(FIRST_PAGE_BYTES);
});
