/** Write an animated GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt): pure. */

/** One picture: RGBA, and how long it is shown. */
interface Picture {
  readonly pixels: Uint8ClampedArray;
  readonly ms: number;
}

const COLOURS = 256;
/** What has not changed is not drawn again: long runs of it take next to no room. */
const TRANSPARENT = COLOURS - 1;
const CODES = 4096;
const SUB_BLOCK = 255;

/** Writes pictures of one size, one after the other; of each, only the part that has changed. */
export class Gif {
  readonly #width: number;
  readonly #height: number;
  readonly #palette: Palette;
  readonly #parts: Uint8Array[] = [];
  #before: Uint8Array | null = null;

  /** The colours are those of a picture that has all that matter. */
  constructor(width: number, height: number, typical: readonly Uint8ClampedArray[]) {
    this.#width = width;
    this.#height = height;
    this.#palette = new Palette(typical);
    this.#parts.push(this.#head());
  }

  add({ pixels, ms }: Picture): void {
    const indexed = this.#palette.indexed(pixels);
    const box = this.#changed(indexed);
    const { left, top, width, height } = box;
    const control = [0x21, 0xf9, 4, 5, ...word(Math.round(ms / 10)), TRANSPARENT, 0];
    const descriptor = [0x2c, ...word(left), ...word(top), ...word(width), ...word(height), 0];
    this.#parts.push(Uint8Array.from([...control, ...descriptor, 8]), compressed(this.#cut(indexed, box)));
    this.#before = indexed;
  }

  /** The bytes of the file. */
  finish(): Blob {
    return new Blob([...this.#parts, Uint8Array.of(0x3b)] as BlobPart[], { type: "image/gif" });
  }

  #head(): Uint8Array {
    const screen = [...word(this.#width), ...word(this.#height), 0xf7, 0, 0];
    const forever = [0x21, 0xff, 11, ...ascii("NETSCAPE2.0"), 3, 1, 0, 0, 0];
    return Uint8Array.from([...ascii("GIF89a"), ...screen, ...this.#palette.bytes(), ...forever]);
  }

  #changed(indexed: Uint8Array): Box {
    const before = this.#before;
    const all = { left: 0, top: 0, width: this.#width, height: this.#height };
    if (before === null) return all;
    let [left, top, right, bottom] = [this.#width, this.#height, -1, -1];
    for (let y = 0, at = 0; y < this.#height; y++)
      for (let x = 0; x < this.#width; x++, at++)
        if (indexed[at] !== before[at]) {
          left = Math.min(left, x);
          right = Math.max(right, x);
          top = Math.min(top, y);
          bottom = y;
        }
    if (right < 0) return { ...all, width: 1, height: 1 };
    return { left, top, width: right - left + 1, height: bottom - top + 1 };
  }

  #cut(indexed: Uint8Array, { left, top, width, height }: Box): Uint8Array {
    const before = this.#before;
    const part = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      const from = (top + row) * this.#width + left;
      for (let column = 0; column < width; column++) {
        const index = indexed[from + column] ?? 0;
        part[row * width + column] = index === before?.[from + column] ? TRANSPARENT : index;
      }
    }
    return part;
  }
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The most frequent colours of some pictures; each other colour is shown as the nearest of them. */
class Palette {
  readonly #colours: readonly number[];
  readonly #indexes = new Map<number, number>();

  constructor(pictures: readonly Uint8ClampedArray[]) {
    const counts = new Map<number, number>();
    for (const pixels of pictures)
      for (let at = 0; at < pixels.length; at += 4) {
        const colour = colourAt(pixels, at);
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
      }
    this.#colours = [...counts]
      .sort(([, one], [, other]) => other - one)
      .slice(0, TRANSPARENT)
      .map(([colour]) => colour);
  }

  bytes(): readonly number[] {
    const padded = [...this.#colours, ...Array<number>(COLOURS - this.#colours.length).fill(0)];
    return padded.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]);
  }

  indexed(pixels: Uint8ClampedArray): Uint8Array {
    const found = new Uint8Array(pixels.length / 4);
    let [colour, index] = [-1, 0];
    for (let at = 0; at < found.length; at++) {
      const next = colourAt(pixels, at * 4);
      // Most are like the one to their left.
      if (next !== colour) [colour, index] = [next, this.#indexOf(next)];
      found[at] = index;
    }
    return found;
  }

  #indexOf(colour: number): number {
    const known = this.#indexes.get(colour);
    if (known !== undefined) return known;
    let [nearest, least] = [0, Infinity];
    for (const [index, each] of this.#colours.entries()) {
      const apart = distance(colour, each);
      if (apart < least) [nearest, least] = [index, apart];
    }
    this.#indexes.set(colour, nearest);
    return nearest;
  }
}

function colourAt(pixels: Uint8ClampedArray, at: number): number {
  return ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
}

function distance(one: number, other: number): number {
  const [red, green, blue] = [16, 8, 0].map((by) => ((one >> by) & 255) - ((other >> by) & 255));
  return (red ?? 0) ** 2 + (green ?? 0) ** 2 + (blue ?? 0) ** 2;
}

/** LZW with codes of 9 to 12 bits, as GIF has it, in blocks of at most 255 bytes. */
function compressed(indexes: Uint8Array): Uint8Array {
  const bits = new Bits();
  const [clear, end] = [COLOURS, COLOURS + 1];
  // By what they stand for: a code and one more index. None is 0.
  const codes = new Uint16Array(CODES * COLOURS);
  let [next, size] = [end + 1, 9];
  bits.write(clear, size);
  let prefix = indexes[0] ?? 0;
  for (let at = 1; at < indexes.length; at++) {
    const index = indexes[at] ?? 0;
    const key = prefix * COLOURS + index;
    const known = codes[key] ?? 0;
    if (known !== 0) {
      prefix = known;
      continue;
    }
    bits.write(prefix, size);
    if (next === CODES) {
      bits.write(clear, size);
      codes.fill(0);
      [next, size] = [end + 1, 9];
    } else {
      if (next === 1 << size) size += 1;
      codes[key] = next++;
    }
    prefix = index;
  }
  bits.write(prefix, size);
  bits.write(end, size);
  return inBlocks(bits.finish());
}

/** Bits, the least significant first. */
class Bits {
  readonly #bytes: number[] = [];
  #held = 0;
  #count = 0;

  write(code: number, size: number): void {
    this.#held |= code << this.#count;
    this.#count += size;
    for (; this.#count >= 8; this.#count -= 8) {
      this.#bytes.push(this.#held & 255);
      this.#held >>>= 8;
    }
  }

  finish(): readonly number[] {
    if (this.#count > 0) this.#bytes.push(this.#held & 255);
    return this.#bytes;
  }
}

function inBlocks(bytes: readonly number[]): Uint8Array {
  const blocks = new Uint8Array(bytes.length + Math.ceil(bytes.length / SUB_BLOCK) + 1);
  for (let from = 0, to = 0; from < bytes.length; from += SUB_BLOCK) {
    const block = bytes.slice(from, from + SUB_BLOCK);
    blocks[to] = block.length;
    blocks.set(block, to + 1);
    to += block.length + 1;
  }
  return blocks;
}

function word(value: number): readonly [number, number] {
  const bounded = Math.max(0, Math.min(65_535, value));
  return [bounded & 255, bounded >> 8];
}

function ascii(text: string): readonly number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}
