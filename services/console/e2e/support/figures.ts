/** Figures that a flow takes: printed, and kept in test-output/figures.json. None is asserted: machines differ. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { type Browser, test } from "@playwright/test";

const FILE = "test-output/figures.json";

export async function note(name: string, figures: Record<string, number>): Promise<void> {
  await mkdir("test-output", { recursive: true });
  const kept = JSON.parse(await readFile(FILE, "utf8").catch(() => "{}")) as Record<string, unknown>;
  await writeFile(FILE, JSON.stringify({ ...kept, [name]: figures }, null, 2));
  const words = Object.entries(figures).map(([what, value]) => `${what} ${Math.round(value * 10) / 10}`);
  test.info().annotations.push({ type: "figure", description: `${name}: ${words.join(", ")}` });
  console.log(`${name}: ${words.join(", ")}`);
}

/** What the pages' processes have used of a core, in milliseconds: the same on a busy machine and on a quiet one. */
export async function usedOfACore(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter((each) => each.type === "renderer").reduce((sum, each) => sum + each.cpuTime * 1000, 0);
}

export function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export function share(values: number[], of: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * of)] ?? 0;
}
