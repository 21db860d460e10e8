import { expect, it } from "vitest";

import { Gif } from "./gif";

const [WIDTH, HEIGHT] = [97, 61];

/** A picture of stripes, whose colours and widths depend on a seed. */
function picture(seed: number): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(WIDTH * HEIGHT * 4);
  for (let at = 0; at < WIDTH * HEIGHT; at++) {
    const colour = (((at * seed) >> 3) ^ (at % 7)) & 7;
    pixels.set([colour * 30, 255 - colour * 30, (colour * 77) % 256, 255], at * 4);
  }
  return pixels;
}

it("is read back as it was written", async () => {
  const pictures = [picture(1), picture(3), picture(3)];
  const gif = new Gif(WIDTH, HEIGHT, pictures);
  for (const pixels of pictures) gif.add({ pixels, ms: 500 });
  const bytes = new Uint8Array(await gif.finish().arrayBuffer());
  expect(String.fromCharCode(...bytes.slice(0, 6))).toBe("GIF89a");
  const frames = read(bytes);
  expect(frames.map(({ delay }) => delay)).toEqual([50, 50, 50]);
  for (const [index, { pixels }] of frames.entries())
    expect(Buffer.from(pixels).equals(Buffer.from(pictures[index] ?? []))).toBe(true);
});

it("keeps to the colours that there are most of", async () => {
  const pixels = new Uint8ClampedArray(WIDTH * HEIGHT * 4);
  for (let at = 0; at < WIDTH * HEIGHT; at++) pixels.set([at % 256, (at >> 3) % 256, at % 64, 255], at * 4);
  const gif = new Gif(WIDTH, HEIGHT, [pixels]);
  gif.add({ pixels, ms: 100 });
  const [frame] = read(new Uint8Array(await gif.finish().arrayBuffer()));
  const colours = new Set<number>();
  for (let at = 0; at < WIDTH * HEIGHT; at++)
    colours.add(((frame?.pixels[at * 4] ?? 0) << 16) | ((frame?.pixels[at * 4 + 1] ?? 0) << 8));
  expect(colours.size).toBeLessThanOrEqual(256);
});

/** Decode a GIF as the specification has it: each frame as it looks on the screen. */
function read(bytes: Uint8Array): { readonly pixels: Uint8ClampedArray; readonly delay: number }[] {
  const palette = bytes.subarray(13, 13 + 768);
  const screen = new Uint8ClampedArray(WIDTH * HEIGHT * 4);
  const frames: { pixels: Uint8ClampedArray; delay: number }[] = [];
  let [at, delay, transparent] = [13 + 768, 0, -1];
  const word = (from: number): number => (bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8);
  const blocks = (): number[] => {
    const data: number[] = [];
    for (let size = bytes[at++] ?? 0; size > 0; size = bytes[at++] ?? 0) {
      data.push(...bytes.subarray(at, at + size));
      at += size;
    }
    return data;
  };
  while (bytes[at] !== 0x3b) {
    if (bytes[at] === 0x21) {
      if (bytes[at + 1] === 0xf9) [delay, transparent] = [word(at + 4), bytes[at + 6] ?? -1];
      at += 2;
      blocks();
      continue;
    }
    const [left, top, width] = [word(at + 1), word(at + 3), word(at + 5)];
    at += 11;
    for (const [index, colour] of unpacked(blocks()).entries()) {
      const place = ((top + Math.floor(index / width)) * WIDTH + left + (index % width)) * 4;
      if (colour !== transparent) screen.set([...palette.subarray(colour * 3, colour * 3 + 3), 255], place);
    }
    frames.push({ pixels: screen.slice(), delay });
  }
  return frames;
}

function unpacked(data: readonly number[]): number[] {
  const made: number[] = [];
  let table: number[][] = [];
  let [size, bit] = [9, 0];
  let before: number[] | null = null;
  const reset = (): void => {
    table = Array.from({ length: 258 }, (_, code) => [code]);
    size = 9;
    before = null;
  };
  const code = (): number => {
    let value = 0;
    for (let index = 0; index < size; index++, bit++)
      value |= (((data[bit >> 3] ?? 0) >> (bit & 7)) & 1) << index;
    return value;
  };
  reset();
  for (let next = code(); next !== 257; next = code()) {
    if (next === 256) {
      reset();
      continue;
    }
    const entry: number[] | undefined =
      table[next] ?? (before === null ? undefined : [...(before as number[]), (before as number[])[0] ?? 0]);
    if (entry === undefined) throw new Error(`code ${next} of ${table.length}`);
    made.push(...entry);
    if (before !== null && table.length < 4096) table.push([...(before as number[]), entry[0] ?? 0]);
    if (table.length === 1 << size && size < 12) size += 1;
    before = entry;
  }
  return made;
}
