import { defineConfig } from "vitest/config";

/** The toolbar is built by itself, into one file: the pages of the app name it. */
const toolbar = {
  copyPublicDir: false,
  emptyOutDir: false,
  rollupOptions: { input: { toolbar: "src/toolbar/main.ts" }, output: { entryFileNames: "[name].js" } },
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
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // Some draw hundreds of diagrams, on machines that do other things, too.
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    testTimeout: 60_000,
  },
}));
