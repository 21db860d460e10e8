/** The widths of texts, as this browser draws them. */

const KEPT = 5000;

let context: CanvasRenderingContext2D | null = null;
const widths = new Map<string, number>();

export function measure(text: string, font: string): number {
  const key = `${font}|${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  context ??= document.createElement("canvas").getContext("2d");
  if (context === null) return text.length * 7.5;
  context.font = font;
  const width = context.measureText(text).width;
  if (widths.size > KEPT) widths.clear();
  widths.set(key, width);
  return width;
}
