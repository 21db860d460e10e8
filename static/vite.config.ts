import { readFileSync } from "node:fs";

import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** The toolbar is built by itself, into one file: the pages of the app name it. */
const toolbar = {
  copyPublicDir: false,
  emptyOutDir: false,
  rollupOptions: { input: { toolbar: "src/toolbar/main.ts" }, output: { entryFileNames: "[name].js" } },
};

/** Of the panel's colours, the toolbar takes along those that it uses, by what the browser prefers. */
const colours: Plugin = {
  name: "toolbar-colours",
  enforce: "pre",
  transform(code, id) {
    if (!id.includes("tokens.css")) return null;
    const used: readonly string[] = readFileSync("src/toolbar/style.css", "utf8").match(/--\w+/g) ?? [];
    const lines = code
      .split("\n")
      .filter((line) => ["color-scheme", ...used].some((name) => line.includes(`${name}:`)));
    return `.root {${lines.join("")}}`;
  },
};

/**
 * The views bring their styles in their own chunks: before an `import()` there is nothing to fetch,
 * as what Vite puts around it would, in 1 kB of the page.
 */
const plainImports: Plugin = {
  name: "plain-imports",
  transform: (_code, id) =>
    id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : null,
};

export default defineConfig(({ mode }) => ({
  base: "./",
  build: {
    assetsInlineLimit: 0,
    // Browsers that know `light-dark()`: nothing has to stand in for it.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    emptyOutDir: true,
    modulePreload: false,
    outDir: "../flask_lifecycle/panel/dist",
    target: "es2022",
    ...(mode === "toolbar" ? toolbar : {}),
  },
  plugins: mode === "toolbar" ? [colours] : [plainImports],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // Some draw hundreds of diagrams, on machines that do other things, too.
  test: { environment: "happy-dom", include: ["src/**/*.test.ts", "src/**/*.test.tsx"], testTimeout: 60_000 },
}));
