// Bundles the browser applications: one source a framework, one bundle a version of the package that it is written for.
import path from "node:path";

import { build } from "esbuild";

const HERE = import.meta.dirname ?? __dirname;
const VUE = { vue: "vue/dist/vue.esm-bundler.js" };

interface Bundle {
  source: string;
  /** Other packages than those that the source names. */
  alias?: Record<string, string>;
}

const BUNDLES: Record<string, Bundle> = {
  angular: { source: "angular.ts" },
  "oidc-client-ts": { source: "oidc.ts" },
  react: { source: "react.jsx" },
  "react-5": { source: "react.jsx", alias: { "@frontegg/react": "frontegg-react-5" } },
  js: { source: "script.js" },
  "js-6": { source: "script.js", alias: { "@frontegg/js": "frontegg-js-6" } },
  vue: { source: "vue.js", alias: VUE },
  "vue-2": { source: "vue.js", alias: { ...VUE, "@frontegg/vue": path.join(HERE, "vue-2/node_modules/@frontegg/vue") } },
};

/** The bundle of a client: `react-5` of `react-5-hosted`. */
export function bundleOf(client: string): string | undefined {
  const name = client.replace(/-(hosted|embedded|short)$/, "");
  return name in BUNDLES ? name : undefined;
}

/** Gives the file of every bundle. */
export async function bundle(folder: string): Promise<Map<string, string>> {
  const made = await Promise.all(
    Object.entries(BUNDLES).map(async ([name, { source, alias }]) => {
      const outfile = path.join(folder, `${name}.js`);
      await build({
        entryPoints: [path.join(HERE, "apps", source)],
        outfile,
        absWorkingDir: HERE,
        alias,
        bundle: true,
        format: "iife",
        logLevel: "error",
        jsx: "automatic",
        // What Angular's decorators and fields are written for.
        tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
        define: {
          "process.env.NODE_ENV": '"production"',
          "process.env": "{}",
          global: "window",
          __VUE_OPTIONS_API__: "true",
          __VUE_PROD_DEVTOOLS__: "false",
          __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
        },
      });
      return [name, outfile] as const;
    }),
  );
  return new Map(made);
}
