// Journeys of people through the desk, on the machine's own Chromium. Each worker starts a whole demo of its own.
//
//   node node_modules/@playwright/test/cli.js test            all of them
//   node node_modules/@playwright/test/cli.js test look       pictures for people, under results/screens
//
// TRACE=1 records each step for `cli.js show-trace`. BABBAGE_BIN is the server (default ../target/debug/babbage), CHROMIUM the browser (default /usr/bin/chromium),
// LEPTOS_SITE_ROOT the browser half (default ../target/site).
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "journeys",
  outputDir: "results/tests",
  fullyParallel: false,
  workers: 2,
  retries: 0,
  forbidOnly: true,
  timeout: 45_000,
  globalTimeout: 8 * 60_000,
  expect: { timeout: 5_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    actionTimeout: 8_000,
    navigationTimeout: 15_000,
    screenshot: "only-on-failure",
    trace: process.env.TRACE ? "on" : "off",
    launchOptions: {
      executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
