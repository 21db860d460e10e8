/** The sizes of the drawing, px at 1×. */

export const GEOMETRY = {
  /** Of the whole: narrower than `least` it scrolls, wider than `most` it gets no wider. */
  width: { least: 320, most: 1640 },
  /** Beside the bands, for the bars of step times. */
  gutter: 112,
  /** Of a band from the one around it. */
  inset: 8,
  /** From the innermost band to a wire. */
  wire: 24,
  band: { top: 8, rows: 6, bottom: 5, /** Without rows: its label has to clear the next. */ empty: 10 },
  /** Above the bands: with the request and its status, or without. */
  head: { request: 56, none: 22 },
  /** Below the outermost band. */
  foot: 9,
  /** From one row of chips to the next. */
  row: { least: 26.5, most: 42 },
  /** Where only so little height is missing that rows closer together make it fit. */
  tight: { band: { top: 6, rows: 5, bottom: 4, empty: 10 }, row: 24.6, gapToView: 8, label: 14, apart: 3 },
  chip: {
    height: { most: 29, /** Less than the row. */ apart: 4.5 },
    /** From a wire. */
    margin: 17,
    /** Beside its texts, and between them. */
    padding: 10,
    gap: 7,
    radius: 7,
  },
  /** From what follows a chip to what comes from the other side. */
  between: 10,
  pill: { height: 19, padding: 7, gap: 8, /** From one row of them to the next. */ row: 24 },
  label: { height: 16, padding: 10 },
  dot: { radius: 6.5, again: 5, ring: 11, halo: 19, /** Where a request is held. */ pause: 12 },
  /** Outside a wire; `hit` is the side of what takes the clicks. */
  breakpoint: { radius: 6, out: 22, hit: 24 },
  /** From a wire on the right to that of the second way up. */
  again: 11,
  /** From the axis of a ribbon to its lower edge. */
  belowAxis: 30,
  /** Above the view. */
  gapToView: 12,
  /** Of the bars beside the bands: at most so long. */
  bar: { length: 42, height: 12, gap: 8, /** Of the time that a step was held, whatever it is. */ held: 14 },
  /** For a wire that goes over to the other side, where chips leave no room for it between them. */
  lane: { width: 18, below: 1110 },
  /** From a step on the way out that raised to the wire that goes back down beside it. */
  back: 40,
  /** The legend in the head. */
  key: 138,
  /** The corners of the wire where it turns into the view. */
  bend: 18,
} as const;

/** On a screen narrower than `below`, without gutters. */
export const NARROW = {
  below: 760,
  gutter: 6,
  inset: 3,
  wire: 28,
  margin: 14,
  row: 28,
  breakpoint: { out: 19 },
} as const;

/** The number of blueprint hues, after which they repeat. */
export const HUES = 4;
