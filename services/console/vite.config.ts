import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  resolve: {
    // @rjsf/core names this in a helper for its own tests; it is neither installed nor wanted (see validator.ts).
    alias: { "@rjsf/validator-ajv8": fileURLToPath(new URL("src/values/validator.ts", import.meta.url)) },
  },
  build: {
    outDir: "../api/slipway_api/console",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700, // the form library is one chunk, loaded with the first form
    manifest: true, // the test of the first page's size reads it
  },
  server: { proxy: { "/api": process.env.SLIPWAY_API_URL ?? "http://127.0.0.1:8080" } },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    server: { deps: { inline: [/@rjsf/] } },
    testTimeout: 120_000, // a busy machine is no defect
  },
});
