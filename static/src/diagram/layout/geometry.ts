/** The sizes of the drawing, px at 1×. */

export const GEOMETRY = {
  /** Of the whole; in presentation mode it is at least so wide. */
  width: { least: 1120, stage: 1160, most: 1560 },
  /** Beside the bands, for the bars of step times. */
  gutter: 112,
  /** Of a band from the one around it. */
  inset: 8,
  /** From the innermost band to a wire. */
  wire: 24,
  band: { top: 8, rows: 4, bottom: 7, /** Without rows: its label has to clear the next. */ empty: 10 },
  /** Above the bands. */
  head: 56,
  /** From one row of chips to the next. */
  row: { least: 30, stage: 33, most: 41 },
  chip: {
    height: { most: 28, stage: 30, /** Less than the row. */ gap: 4.5 },
    /** From a wire. */
    margin: 17,
    /** Beside its texts, and between them. */
    padding: 10,
    gap: 7,
    radius: 7,
  },
  pill: { height: 19, padding: 7, gap: 6, /** From one row of them to the next. */ row: 24 },
  dot: { radius: 6.5, again: 5, ring: 11, halo: 20 },
  /** From a wire on the right to that of the second way up. */
  again: 11,
  /** Above the view: more where an exception has to pass. */
  gapToView: { usual: 10, raised: 34 },
  /** Of the bars beside the bands: at most so long. */
  bar: { length: 36, height: 12, gap: 8 },
  /** The legend in the head. */
  key: 138,
  bubble: { height: 26, padding: 12 },
  /** The corners of the wire where it turns into the view. */
  bend: 18,
} as const;

/** The minimum scale; below it the diagram scrolls. */
export const SMALLEST = 0.62;
/** The number of blueprint hues, after which they repeat. */
export const HUES = 4;
