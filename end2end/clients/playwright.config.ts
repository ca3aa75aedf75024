// How the clients are run: like the journeys, with the clients' own set-up before. `cargo xtask test --only clients` starts it.
import { defineConfig } from "@playwright/test";

import journeys from "../playwright.config";

export default defineConfig({
  ...journeys,
  testDir: "tests",
  outputDir: "../results/clients",
  globalSetup: "./setup.ts",
  use: { ...journeys.use, actionTimeout: 15_000, navigationTimeout: 15_000 },
});
