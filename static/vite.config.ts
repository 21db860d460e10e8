import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "./",
  build: {
    assetsInlineLimit: 0,
    emptyOutDir: true,
    modulePreload: false,
    outDir: "../flask_lifecycle/panel/dist",
    rollupOptions: {
      input: { panel: "index.html", toolbar: "src/toolbar/main.ts" },
      // The pages of the app name it, and are not built with it.
      output: { entryFileNames: (chunk) => (chunk.name === "toolbar" ? "toolbar.js" : "assets/[name]-[hash].js") },
    },
    target: "es2022",
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: { environment: "happy-dom", include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});
