// The applications of docs/clients, as they stand there. `cargo xtask test --only recipes` starts it.
import { defineConfig } from "@playwright/test";

import clients from "../playwright.config";

export default defineConfig({ ...clients, testDir: "tests", outputDir: "../../results/recipes", globalSetup: "./setup.ts" });
