/** The flows of the console in Debian's Chromium, against the system that SLIPWAY_CONSOLE_URL names. */
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "e2e",
  outputDir: "test-output/traces",
  timeout: 900_000,
  expect: { timeout: 60_000 },
  workers: 1,
  forbidOnly: true,
  reporter: [["list"], ["json", { outputFile: "test-output/report.json" }]],
  use: {
    baseURL: process.env.SLIPWAY_CONSOLE_URL,
    trace: "retain-on-failure",
    actionTimeout: 60_000,
    launchOptions: {
      executablePath: process.env.SLIPWAY_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
      ],
    },
  },
});
