// How the journeys are run. `cargo xtask test --only browser` starts the servers, finds the browser and sets the addresses.
import { defineConfig, devices } from "@playwright/test";

const portal = process.env.PORTAL_URL;
if (!portal) {
  throw new Error("PORTAL_URL is not set: start the journeys with `cargo xtask test --only browser`");
}
const isRoot = process.getuid?.() === 0;

export default defineConfig({
  testDir: "tests",
  outputDir: "results",
  // One demonstration database for all: the journeys follow each other, and a failure is a failure.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 60_000,
  globalTimeout: 20 * 60_000,
  expect: { timeout: 10_000 },
  reporter: "list",
  use: {
    baseURL: portal,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        // Chromium's sandbox refuses to run as root.
        ...(isRoot ? ["--no-sandbox"] : []),
        "--disable-background-networking",
        // Drawn by the processor either way: without a second process that pretends to be a graphics card.
        "--disable-gpu",
        "--disable-component-update",
        "--disable-quic",
        "--disable-sync",
        "--no-first-run",
      ],
    },
  },
  projects: [
    {
      name: "chromium",
      use: { ...devices["Desktop Chrome"], viewport: { width: 1280, height: 800 }, colorScheme: "light" },
    },
  ],
});
