/** The exception of a URL match, which waits until Flask dispatches. */

import { d } from "../shapes";
import { mark, wire, type Drawn, type Net } from "./net";

const CORNER = 9;
/** From a dotted wire to what is beside it. */
const APART = 10;

/** Beside the chips that it passes, if there is room between them and those of the way out. */
export function drawWaiting({ scene, frame, places }: Net): Drawn {
  const { waiting, redirects } = scene.journey;
  const tone = redirects ? "short" : "err";
  const [a, b] = [places.at.get("url_match"), places.at.get("dispatch")];
  if (waiting === null || a === undefined || b === undefined) return {};
  const between = [...places.at.values()].filter(({ y }) => y >= a.y - 1 && y < b.y);
  const lefts = between.filter((point) => point.x === frame.XL).map((point) => point.right);
  const rights = between.filter((point) => point.x !== frame.XL).map((point) => point.left);
  const x = Math.max(a.right, b.right - 30, ...lefts) + 2 * APART;
  if (x + APART > Math.min(frame.XR - frame.margin, ...rights)) return {};
  const top = b.y - frame.chipHeight / 2 - 9;
  const q = CORNER;
  const corner = d`H${x - q}q${q} 0 ${q} ${q}V${top - q}q0 ${q} ${-q} ${q}`;
  return {
    wires: [wire(d`M${a.right + 5} ${a.y}${corner}H${b.right - 30}`, redirects ? "defer short" : "defer")],
    front: [mark(d`M${b.right - 40} ${top - 1}l10 0l-5 8z`, tone)],
  };
}
