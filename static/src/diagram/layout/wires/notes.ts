/**
 * Deviations of the wire: an exception that waits until dispatch, and a short-circuit.
 */

import { ellipsize } from "../../../trace/text";
import { widthOf } from "../scene";
import { d, phrase } from "../shapes";
import { bubble, mark, wire, type Drawn, type Net } from "./net";

const LONGEST_VALUE = 24;

/** The match failed: what it raised waits until Flask dispatches. */
export function drawWaiting({ scene, frame, places }: Net): Drawn {
  const { waiting, redirects } = scene.journey;
  const tone = redirects ? "short" : "err";
  const [a, b] = [places.at.get("url_match"), places.at.get("dispatch")];
  if (waiting === null || a === undefined || b === undefined) return {};
  const beside = [...places.at.values()]
    .filter((point) => point.x === frame.XL && point.y > a.y && point.y < b.y)
    .map((point) => point.right);
  const x = Math.max(a.right, b.right - 30, ...beside) + 20;
  const top = b.y - frame.chipHeight / 2 - 9;
  const path = d`M${a.right + 5} ${a.y}H${x - 9}q9 0 9 9V${top - 9}q0 9-9 9H${b.right - 30}`;
  return {
    wires: [wire(path, redirects ? "defer short" : "defer")],
    front: [
      mark(d`M${b.right - 40} ${top - 1}l10 0l-5 8z`, tone),
      phrase(x + 10, a.y + 5, "start", `${waiting} waits until dispatch`, `tag ${tone}`),
    ],
  };
}

/** A before-hook returned a response: the view is skipped. */
export function drawShort(net: Net): Drawn {
  const { scene, frame, places } = net;
  const { short, stops } = scene.journey;
  const a = short === null ? undefined : places.at.get(short.key);
  const b = places.at.get("make_response");
  if (short === null || a === undefined || b === undefined) return {};
  if (!stops.some((stop) => stop.key === "make_response")) return {};
  const y = (a.y + b.y) / 2;
  const beside = [...places.at.values()].filter((point) => Math.abs(point.y - y) < frame.pitch / 2 + 8);
  const { XL, XR } = frame;
  const from = Math.max(XL, ...beside.filter((point) => point.x === XL).map((point) => point.right));
  const to = Math.min(XR, ...beside.filter((point) => point.x === XR).map((point) => point.left));
  const text = shortText(short.step?.detail["returned"]);
  const fits = widthOf(scene, text, "bubble") + 40 < to - from;
  return { front: bubble(net, (from + to) / 2, y, fits ? text : text.replace("returned ", ""), "short") };
}

function shortText(returned: unknown): string {
  const value =
    typeof returned === "string"
      ? ellipsize(returned.replace(/^Response /, ""), LONGEST_VALUE)
      : "a response";
  return `returned ${value}: view skipped`;
}
