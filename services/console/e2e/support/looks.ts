/** How each page is looked at: light and dark, desktop and phone; and what axe finds on it. */
import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const LOOKS = {
  "desktop-light": { scheme: "light", size: DESKTOP },
  "desktop-dark": { scheme: "dark", size: DESKTOP },
  "phone-dark": { scheme: "dark", size: PHONE },
  "phone-light": { scheme: "light", size: PHONE },
} as const;

/** What opens or fades has done so; what turns for ever may go on. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map((each) => each.finished));
  });
}

export type Look = keyof typeof LOOKS;

/** In every look axe finds nothing, the page is no wider than its window, and a picture of it is kept. */
export async function look(page: Page, name: string, looks = Object.keys(LOOKS) as Look[]): Promise<void> {
  for (const how of looks) {
    const { scheme, size } = LOOKS[how];
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", scheme);
    await settled(page);
    await page.screenshot({ path: `test-output/pages/${name}-${how}.png`, fullPage: true, animations: "disabled" });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const told = violations.map((each) => `${each.id}: ${each.nodes.map((node) => `${node.html} ${node.failureSummary ?? ""}`).join(" | ")}`);
    expect.soft(told, `what axe finds on ${name}, ${how}`).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect.soft(wide, `${name}, ${how}: pixels beyond the window's width`).toBeLessThanOrEqual(0);
  }
}
