/** The fonts of what has to fit, px: as diagram.css has them; the least are larger in presentation mode. */

const SANS = "ui-sans-serif, system-ui, sans-serif";
const MONO = "ui-monospace, monospace";

export type FontName =
  | "kind"
  | "name"
  | "ghost"
  | "pill"
  | "change"
  | "note"
  | "remark"
  | "segment"
  | "band"
  | "sub"
  | "title"
  | "taken"
  | "barTime"
  | "tick"
  | "head"
  | "headTimes";

export type Fonts = Readonly<Record<FontName, string>>;

export function fonts(stage: boolean): Fonts {
  const [name, pill] = stage ? ["14.5px", "12px"] : ["13.5px", "11.5px"];
  return {
    kind: `12px ${SANS}`,
    name: `600 ${name} ${MONO}`,
    ghost: `400 ${name} ${MONO}`,
    pill: `650 ${pill} ${SANS}`,
    change: `600 12px ${SANS}`,
    note: `650 12px ${SANS}`,
    remark: `650 13px ${SANS}`,
    segment: `600 12px ${MONO}`,
    band: `700 12.5px ${SANS}`,
    sub: `12px ${MONO}`,
    title: `700 17px ${MONO}`,
    tick: `${pill} ${SANS}`,
    barTime: `700 12px ${SANS}`,
    taken: `700 15px ${SANS}`,
    head: `700 20px ${MONO}`,
    headTimes: `650 14px ${SANS}`,
  };
}
