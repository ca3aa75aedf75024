// The SDKs that need servers of their own. `cargo xtask test --only sdks` starts it.
import { defineConfig } from "@playwright/test";

import clients from "../playwright.config";

export default defineConfig({ ...clients, testDir: "tests", outputDir: "../../results/sdks", globalSetup: "./setup.ts" });
