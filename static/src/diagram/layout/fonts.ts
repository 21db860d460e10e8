/** The fonts of what has to fit, px: as diagram.css has them; larger in presentation mode. */

const SANS = "ui-sans-serif, system-ui, sans-serif";
const MONO = "ui-monospace, monospace";

export type FontName =
  "kind" | "name" | "ghost" | "pill" | "bubble" | "segment" | "band" | "sub" | "title" | "head" | "headTimes";

export type Fonts = Readonly<Record<FontName, string>>;

export function fonts(stage: boolean): Fonts {
  const [kind, name, pill] = stage ? ["14px", "15.5px", "13px"] : ["12px", "13.5px", "11.5px"];
  return {
    kind: `${kind} ${SANS}`,
    name: `600 ${name} ${MONO}`,
    ghost: `400 ${name} ${MONO}`,
    pill: `650 ${pill} ${SANS}`,
    bubble: `650 13px ${SANS}`,
    segment: `600 12px ${MONO}`,
    band: `700 12.5px ${SANS}`,
    sub: `12px ${MONO}`,
    title: `700 17px ${MONO}`,
    head: `700 20px ${MONO}`,
    headTimes: `650 14px ${SANS}`,
  };
}
