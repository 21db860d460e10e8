/** The panel without its server, as a function that can be run more than once; see vite.config.ts. */
declare module "virtual:app" {
  export const open: (
    host: HTMLElement | null,
    recording: import("../api/types").Recording,
    opened: (handle: import("./recording").Handle) => void,
  ) => void;
}
