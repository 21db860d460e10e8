import { build, type Plugin, type UserConfig } from "vite";
import { defineConfig } from "vitest/config";

const common = {
  base: "./",
  define: { LIFECYCLE_HOST: "null" },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
} as const satisfies UserConfig;

const output = {
  assetsInlineLimit: 0,
  // Browsers that know `light-dark()`: nothing has to stand in for it.
  cssTarget: ["chrome123", "firefox120", "safari17.5"],
  modulePreload: false,
  target: "es2022",
} as const satisfies UserConfig["build"];

/** With it, a script is read as UTF-8, also by a page that does not say what it is written in. */
const BYTE_ORDER_MARK = "\ufeff";

/** Scripts that are built by themselves, into one file each: other pages name them. */
const alone = (input: Readonly<Record<string, string>>) => ({
  copyPublicDir: false,
  emptyOutDir: false,
  rollupOptions: {
    input: { ...input },
    output: { entryFileNames: "[name].js", postBanner: BYTE_ORDER_MARK },
  },
});

const MODES: Readonly<Record<string, ReturnType<typeof alone>>> = {
  toolbar: alone({ toolbar: "src/toolbar/main.ts" }),
  recording: alone({ recording: "src/embed/recording.ts" }),
};

const APP = "virtual:app";

/**
 * The panel without its server, as a function: each run has a state of its own, so that a page may have
 * several recordings.
 */
const app: Plugin = {
  name: "lifecycle-app",
  apply: "build",
  resolveId: (id) => (id === APP ? `\0${APP}` : null),
  load: async (id) => {
    if (id !== `\0${APP}`) return null;
    const built = await build({
      // Each run has another host. Nothing is loaded by its address.
      base: "/",
      oxc: common.oxc,
      configFile: false,
      logLevel: "warn",
      build: {
        ...output,
        write: false,
        cssCodeSplit: false,
        rollupOptions: {
          input: "src/embed/app.tsx",
          output: { format: "iife", codeSplitting: false },
          // Vite's own helper for chunks, of which there are none.
          onLog: (level, log, report) => {
            if (log.code !== "EMPTY_IMPORT_META") report(level, log);
          },
        },
      },
    });
    const files = (Array.isArray(built) ? built : [built]).flatMap((each) =>
      "output" in each ? each.output : [],
    );
    const code = files.flatMap((each) => (each.type === "chunk" ? [each.code] : []));
    const styles = files.flatMap((each) =>
      each.type === "asset" && each.fileName.endsWith(".css") ? [String(each.source)] : [],
    );
    return [
      `const LIFECYCLE_STYLES = ${JSON.stringify(styles.join(""))};`,
      "export const open = (LIFECYCLE_HOST, LIFECYCLE_RECORDING, LIFECYCLE_OPENED) => {",
      ...code,
      "};",
    ].join("\n");
  },
};

export default defineConfig(({ mode }) => ({
  ...common,
  build: {
    ...output,
    emptyOutDir: true,
    outDir: "../flask_lifecycle/panel/dist",
    ...MODES[mode],
  },
  plugins: [app],
  // Some draw hundreds of diagrams, on machines that do other things, too.
  test: {
    include: ["src/**/*.test.ts", "src/**/*.test.tsx"],
    // Less work than processes. Files that need a page name their environment.
    pool: "threads",
    testTimeout: 60_000,
  },
}));
