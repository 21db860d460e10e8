/** A replay as a file: an animated SVG, or a GIF. */

import diagramStyles from "../styles/diagram.css?inline";
import tokens from "../styles/tokens.css?inline";
import { captionWidth, filmOf, sizeOf, stillOf, type Film, type Frame } from "./film";
import { Gif } from "./gif";
import { draw } from "./layout/draw";
import { measure } from "./measure";
import { journey } from "./model/journey";
import { partsOf } from "../trace/captions";
import { cuesOf, type Cue } from "../trace/cues";
import type { AppMap, Trace } from "../api/types";

const SPACE = { width: 1160, height: 740, measure };
/** However long a request's replay is, a film of it has no more frames, and takes no longer, ms. */
const MOST_FRAMES = 100;
const LONGEST = 60_000;
/** How long a caption stays: at least, for each letter, and at most; and the last one, ms. */
const STAYS = { least: 800, letter: 14, most: 2200, last: 3500 };
const CAPTION = "19px ui-sans-serif, system-ui, sans-serif";
const LINES = 2;

/** The animated SVG of a finished request's replay. */
export function animatedSvg(trace: Trace, map: AppMap | null): string {
  return filmOf(makeFilm(trace, map));
}

/** The same as a GIF, made picture by picture so that the page goes on. */
export async function animatedGif(
  trace: Trace,
  map: AppMap | null,
  onProgress: (share: number) => void,
): Promise<Blob> {
  const film = makeFilm(trace, map);
  const { width, height } = sizeOf(film);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("This browser cannot draw on a canvas.");
  const pixelsOf = async (frame: Frame): Promise<Uint8ClampedArray> => {
    const image = new Image();
    // The panel's own policy lets data: in as an image, and no blob.
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(stillOf(film, frame))}`;
    await image.decode();
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, width, height).data;
  };
  const { frames } = film;
  const typical = [frames.at(Math.floor(frames.length / 2)), frames.at(-1)];
  const gif = new Gif(
    width,
    height,
    await Promise.all(typical.flatMap((frame) => (frame ? [pixelsOf(frame)] : []))),
  );
  for (const [index, frame] of frames.entries()) {
    gif.add({ pixels: await pixelsOf(frame), ms: frame.ms });
    onProgress((index + 1) / frames.length);
  }
  return gif.finish();
}

function makeFilm(trace: Trace, map: AppMap | null): Film {
  const cues = cuesOf(trace);
  if (trace.state !== "done" || cues.length === 0)
    throw new Error("Only a finished request can be replayed in a file.");
  const shown = sampled(cues.map((cue, index) => [cue, index] as const));
  const settled = journey(trace, map, trace.duration ?? 0);
  const total = Math.max(1, cues.at(-1)?.at ?? 1);
  const frames = shown.map(([cue, index]) => {
    const isEnd = cue.step === null;
    const now = isEnd ? settled : journey(trace, map, cue.at, cue.at);
    const drawing = draw(now, { ...SPACE, selected: cue.step?.id ?? null, side: cue.side }, settled);
    const text = textOf(cue);
    return {
      drawing,
      lines: wrapped(text, captionWidth({ width: drawing.width, height: drawing.height })),
      counter: `${index + 1} / ${cues.length}`,
      share: cue.at / total,
      ms: isEnd ? STAYS.last : Math.min(STAYS.most, STAYS.least + STAYS.letter * text.length),
    };
  });
  const lasts = frames.reduce((sum, { ms }) => sum + ms, 0);
  const faster = Math.min(1, LONGEST / lasts);
  return {
    title: `${trace.method} ${trace.path}`,
    frames: frames.map((frame) => ({ ...frame, ms: Math.round(frame.ms * faster) })),
    css: cssOf(document.documentElement),
  };
}

/** At most so many, the first and the last one included. */
function sampled<T>(all: readonly T[]): readonly T[] {
  if (all.length <= MOST_FRAMES) return all;
  const step = (all.length - 1) / (MOST_FRAMES - 1);
  return Array.from({ length: MOST_FRAMES }, (_, index) => all[Math.round(index * step)]).filter(
    (each): each is NonNullable<typeof each> => each !== undefined,
  );
}

function textOf(cue: Cue): string {
  return partsOf(cue)
    .map(({ text }) => text)
    .join("");
}

/** A text in lines of at most a width; what does not fit is cut. */
function wrapped(text: string, most: number): readonly string[] {
  const lines: string[] = [""];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? "";
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || measure(longer, CAPTION) <= most) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  if (lines.length <= LINES) return lines;
  return [...lines.slice(0, LINES - 1), `${lines[LINES - 1]} …`];
}

/** The diagram's style sheets, with the colours of the theme that is shown. */
function cssOf(root: HTMLElement): string {
  const isDark = root.style.colorScheme
    ? root.style.colorScheme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const colours = tokens.replace(
    /light-dark\(((?:[^(),]|\([^)]*\))+),((?:[^(),]|\([^)]*\))+)\)/g,
    isDark ? "$2" : "$1",
  );
  return `${colours}${diagramStyles}`;
}
