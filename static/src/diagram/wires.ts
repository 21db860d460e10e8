/** The pipe is the map, the wire is the journey: how it goes from stop to stop. */

import { time } from "../format";
import type { Sheet } from "./layout";
import type { Journey, Stop } from "./model";
import type { Axis } from "./ribbon";
import { circle, ellipsize, fonts, line, n, phrase, type Point, rect } from "./shapes";

const R = 18;

type Side = "left" | "right" | "handler" | "view" | "body";

export function drawWires(sheet: Sheet, j: Journey, axes: { readonly view: Axis | null; readonly body: Axis | null }): void {
  const { XL, XR, at, again, front, wires, topY, turnY, viewY, gapToView, chipHeight, pitch, ownRow, space } = sheet;
  const { measure } = space;
  const FONT = fonts(space.stage === true);
  const axis = axes.view?.y ?? turnY;
  const viewEnd = axes.view?.end ?? XR;
  const sendY = at.get("send")?.y ?? topY;
  const wire = (d: string, cls: string): void => { wires.push(line(d, `w ${cls}`)); };
  const arrow = (x: number, y: number, cls: string): void => { front.push(line(`M${n(x)} ${n(y - 6)}l9 6l-9 6z`, `mk ${cls}`)); };
  const bubble = (cx: number, cy: number, said: string, cls: string): void => {
    const w = measure(said, FONT.bubble) + 24;
    front.push(rect(cx - w / 2, cy - 13, w, 26, 13, `bubble ${cls}`), phrase(cx, cy + 4.5, "middle", said, `bt ${cls}`));
  };
  const sideOf = (key: string): Side => {
    if (key === "view" || key === "body") return key;
    if (key.startsWith("handler:")) return "handler";
    return at.get(key)?.x === XL ? "left" : "right";
  };
  const where = (stop: Stop): Point | undefined => (stop.again ? again.get(stop.key) : at.get(stop.key));

  // Pipes: the map
  const pipeTop = j.body === null ? topY : sendY;
  if (j.view.step !== null || j.view.state === "pending")
    wires.push(line(`M${n(XL)} ${n(topY)}V${n(axis - R)}Q${n(XL)} ${n(axis)} ${n(XL + R)} ${n(axis)}H${n(XR - R)}Q${n(XR)} ${n(axis)} ${n(XR)} ${n(axis - R)}V${n(pipeTop)}`, "pipe"));
  else wires.push(line(`M${n(XL)} ${n(topY)}V${n(turnY)}`, "pipe"), line(`M${n(XR)} ${n(turnY)}V${n(pipeTop)}`, "pipe"));

  // Wires: the journey
  const first = j.stops[0] === undefined ? undefined : where(j.stops[0]);
  if (first?.x === XL) wire(`M${n(XL)} ${n(topY - 4)}V${n(first.y)}`, "in");
  let failing = false;
  for (let index = 1; index < j.stops.length; index++) {
    const a = j.stops[index - 1] as Stop;
    const b = j.stops[index] as Stop;
    go(a, b);
  }
  const last = j.stops.at(-1);
  drawEnd(last);
  drawWaiting();
  drawShort();

  function go(a: Stop, b: Stop): void {
    const A = where(a) ?? null;
    const B = where(b) ?? null;
    const from = sideOf(a.key);
    const to = sideOf(b.key);
    const tone = failing ? "err" : "out";
    if (to === "view" && A !== null) {
      const until = j.view.state === "running" || j.view.error !== null ? viewEnd : XR - R;
      wire(`M${n(XL)} ${n(A.y)}V${n(axis - R)}Q${n(XL)} ${n(axis)} ${n(XL + R)} ${n(axis)}H${n(until)}`, "in");
      if (j.view.thread) wire(`M${n((axes.view?.begin ?? XL) - 14)} ${n(axis)}H${n(until)}`, "thr");
    } else if (to === "body" && axes.body !== null && A !== null) loop(axes.body, A);
    else if (A === null && from === "view" && B !== null) fromView(b, B, to);
    else if (A === null || B === null) return;
    else if (to === "handler") toHandler(A, B, from);
    else if (b.key === "make_response" && !b.again) toResponse(A, B, from);
    else if (b.again && b.key === "make_response") secondTime(A, B, from);
    else if (from === "handler") across(A, B, "err");
    else if (A.x === B.x) wire(`M${n(A.x)} ${n(A.y)}V${n(B.y)}`, A.x === XL ? "in" : a.failed && !failing ? failed(b) : tone);
    else if (from === to) {
      // From the second way up back to the first.
      const middle = (A.y + B.y) / 2;
      wire(`M${n(A.x)} ${n(A.y)}V${n(middle + 8)}L${n(B.x)} ${n(middle - 8)}V${n(B.y)}`, tone);
    } else if (from === "left" && to === "right") across(A, B, "err");
  }

  /** Once what runs on the way out has failed, the exception climbs. */
  function failed(b: Stop): string {
    if (j.propagated === null || sideOf(b.key) !== "right") return "out";
    failing = true;
    return "err";
  }

  /** Straight to the way out: an exception that nothing took. */
  function across(A: Point, B: Point, cls: string): void {
    failing = true;
    const mx = (A.right + B.left) / 2;
    wire(`M${n(A.right + 5)} ${n(A.y)}C${n(mx + 60)} ${n(A.y)} ${n(mx - 60)} ${n(B.y)} ${n(B.left - 7)} ${n(B.y)}`, cls);
    arrow(B.left - 12, B.y, cls);
  }

  function fromView(b: Stop, B: Point, to: Side): void {
    const e = viewEnd;
    if (to === "handler") {
      const yy = viewY - gapToView / 2 - 1;
      const q = Math.min(12, Math.abs(e - B.x) / 2);
      const s = Math.sign(e - B.x) || 1;
      wire(`M${n(e)} ${n(axis)}V${n(yy + q)}Q${n(e)} ${n(yy)} ${n(e - q * s)} ${n(yy)}H${n(B.x + q * s)}Q${n(B.x)} ${n(yy)} ${n(B.x)} ${n(yy - q)}V${n(B.y + chipHeight / 2 + 3)}`, "err");
    } else if (j.view.error === null) wire(`M${n(XR - R)} ${n(axis)}Q${n(XR)} ${n(axis)} ${n(XR)} ${n(axis - R)}V${n(B.y)}`, "out");
    else {
      // Nothing took the exception: it climbs as it is, or Flask makes a 500 of it.
      if (j.propagated !== null && b.key !== "make_response") failing = true;
      wire(`M${n(e)} ${n(axis)}H${n(XR - R)}Q${n(XR)} ${n(axis)} ${n(XR)} ${n(axis - R)}V${n(B.y)}`, "err");
      if (b.key === "make_response") bubble((e + XR) / 2 - 60, viewY - gapToView / 2 - 1, j.trace.error === null ? "no handler: it is the response itself" : "nobody handles it: Flask answers 500", "err");
    }
  }

  function toHandler(A: Point, B: Point, from: Side): void {
    if (from === "right") {
      // Back down from what failed on the way up.
      const x0 = A.left - 5;
      const x1 = B.x;
      const y1 = B.y - chipHeight / 2 - 3;
      wire(`M${n(x0)} ${n(A.y)}C${n(x0 - 90)} ${n(A.y)} ${n(x1)} ${n(Math.min(A.y, y1 - 40))} ${n(x1)} ${n(y1 - 6)}`, "err");
      front.push(line(`M${n(x1 - 6)} ${n(y1 - 8)}h12l-6 9z`, "mk err"));
    } else if (Math.abs(A.y - B.y) < 1) {
      wire(`M${n(A.right + 3)} ${n(A.y)}H${n(B.left - 7)}`, "err");
      arrow(B.left - 12, A.y, "err");
    } else if (from === "left" && ownRow && Math.abs(A.y - turnY) < 1) {
      wire(`M${n(A.x)} ${n(A.y)}V${n(B.y - 12)}Q${n(A.x)} ${n(B.y)} ${n(A.x + 12)} ${n(B.y)}H${n(B.left - 7)}`, "err");
    } else {
      const x1 = B.x;
      const y1 = B.y - chipHeight / 2 - 3;
      wire(`M${n(A.right + 5)} ${n(A.y)}C${n(A.right + 90)} ${n(A.y)} ${n(x1)} ${n((A.y + y1) / 2)} ${n(x1)} ${n(y1 - 6)}`, "err");
      front.push(line(`M${n(x1 - 6)} ${n(y1 - 8)}h12l-6 9z`, "mk err"));
    }
  }

  function toResponse(A: Point, B: Point, from: Side): void {
    const cls = j.short !== null && from === "left" ? "short" : "out";
    if (from === "handler" && ownRow) {
      const x = B.left + 40;
      const t = B.y + chipHeight / 2;
      wire(`M${n(A.right + 4)} ${n(A.y)}H${n(x - 12)}Q${n(x)} ${n(A.y)} ${n(x)} ${n(A.y - 12)}V${n(t + 9)}`, "out");
      front.push(line(`M${n(x - 6)} ${n(t + 12)}l6-9l6 9z`, "mk out"));
      return;
    }
    const x0 = A.right + 5;
    const x1 = B.left - 7;
    const mx = (x0 + x1) / 2;
    wire(Math.abs(A.y - B.y) < 1 ? `M${n(x0)} ${n(A.y)}H${n(x1)}` : `M${n(x0)} ${n(A.y)}C${n(mx + 60)} ${n(A.y)} ${n(mx - 60)} ${n(B.y)} ${n(x1)} ${n(B.y)}`, cls);
    arrow(x1 - 5, B.y, cls);
  }

  /** A response is made anew, of the error: from a handler, or from where it failed. */
  function secondTime(A: Point, B: Point, from: Side): void {
    if (from === "handler") {
      toResponse(A, B, from);
      return;
    }
    const x0 = A.left - 5;
    const x1 = B.left - 7;
    const cx = Math.min(x0, x1) - 70;
    if (Math.abs(A.y - B.y) < 1) wire(`M${n(x0)} ${n(A.y - 4)}C${n(cx)} ${n(A.y - 34)} ${n(cx)} ${n(B.y)} ${n(x1)} ${n(B.y + 2)}`, "err");
    else wire(`M${n(x0)} ${n(A.y)}C${n(cx)} ${n(A.y)} ${n(cx)} ${n(B.y)} ${n(x1)} ${n(B.y)}`, "err");
    arrow(x1 - 5, B.y, "err");
    const said = "raised: Flask answers 500, and the after-hooks run again";
    const plain = j.unhandled === null ? said : Math.abs(A.y - B.y) < 1 ? `${j.unhandled}: Flask answers 500` : `${j.unhandled}: Flask answers 500, the hooks run again`;
    const w = measure(plain, FONT.bubble) + 24;
    bubble(Math.max(XL + 40 + w / 2, cx - 20 - w / 2), B.y, plain, "err");
  }

  function loop(body: Axis, A: Point): void {
    const u = body.top + body.height + 15;
    const l = body.left + 24;
    const q = 14;
    const cut = j.body?.note.startsWith("the client") === true || j.body?.error != null;
    const open = j.body?.state === "running" || cut;
    const end = open ? `H${n(body.end)}` : `H${n(XR - q)}Q${n(XR)} ${n(body.y)} ${n(XR)} ${n(body.y - q)}V${n(topY + 4)}`;
    wire(`M${n(XR)} ${n(A.y)}V${n(u + q)}Q${n(XR)} ${n(u)} ${n(XR - q)} ${n(u)}H${n(l + q)}Q${n(l)} ${n(u)} ${n(l)} ${n(u - q)}V${n(body.y + q)}Q${n(l)} ${n(body.y)} ${n(l + q)} ${n(body.y)}${end}`, "out");
  }

  function drawEnd(stop: Stop | undefined): void {
    const point = stop === undefined ? undefined : where(stop);
    if (stop === undefined) return;
    if (j.moving) {
      drawClock(stop, point);
      return;
    }
    const out = j.propagated !== null ? "err" : "out";
    if (j.body === null || j.propagated !== null) {
      if (point !== undefined && point.x >= XR) {
        wire(`M${n(XR)} ${n(point.y)}V${n(topY)}`, out);
        front.push(line(`M${n(XR - 8)} ${n(topY + 1)}h16l-8-11z`, `mk ${out}`));
      } else if (j.propagated !== null && stop.key === "view" && j.view.error !== null) {
        wire(`M${n(viewEnd)} ${n(axis)}H${n(XR - R)}Q${n(XR)} ${n(axis)} ${n(XR)} ${n(axis - R)}V${n(topY)}`, "err");
        front.push(line(`M${n(XR - 8)} ${n(topY + 1)}h16l-8-11z`, "mk err"));
      }
    } else if (j.body.error === null && !j.body.note.startsWith("the client")) front.push(line(`M${n(XR - 8)} ${n(topY + 5)}h16l-8-11z`, "mk out"));
    if (j.propagated !== null) {
      const late = j.status !== "" && j.status !== "no response" ? ", after the status was sent" : "";
      const view = j.view.error !== null;
      const what = view ? "the exception goes on to the server: no after-hook, no session" : `${ellipsize(j.propagated, 36)} goes on to the server${late}`;
      front.push(phrase(view ? XR - 14 : XR - 24, view ? viewY - 12 : 44, "end", what, `tag err ${view ? "halo2" : ""}`));
    }
  }

  /** Nothing has happened for a while: here it hangs, and for so long. */
  function drawClock(stop: Stop, point: Point | undefined): void {
    if (j.hung === null) return;
    const inRibbon = stop.key === "view" || stop.key === "body";
    const body = stop.key === "body" ? axes.body : axes.view;
    const x = inRibbon ? (body?.end ?? XR) : (point?.x ?? XL);
    const y = inRibbon ? (body?.y ?? axis) : (point?.y ?? topY);
    front.push(
      circle(x, y, 20, "halo"), circle(x, y, 12, "clock"), line(`M${n(x)} ${n(y - 7)}V${n(y)}L${n(x + 5)} ${n(y + 3)}`, "hands"),
    );
    const said = `waiting for ${time(j.hung)}`;
    if (inRibbon) front.push(phrase(x - 24, y - 12, "end", said, "tag short halo2"));
    else if (point !== undefined) front.push(phrase(point.x === XL ? point.right + 10 : point.left - 10, point.y + 4.5, point.x === XL ? "start" : "end", said, "tag short"));
  }

  /** The match failed: what it raised waits until Flask dispatches. */
  function drawWaiting(): void {
    const a = at.get("url_match");
    const b = at.get("dispatch");
    if (j.waiting === null || a === undefined || b === undefined) return;
    const beside = [...at.values()].filter((point) => point.x === XL && point.y > a.y && point.y < b.y).map((point) => point.right);
    const x = Math.max(a.right, b.right - 30, ...beside) + 20;
    const yy = b.y - chipHeight / 2 - 9;
    wire(`M${n(a.right + 5)} ${n(a.y)}H${n(x - 9)}Q${n(x)} ${n(a.y)} ${n(x)} ${n(a.y + 9)}V${n(yy - 9)}Q${n(x)} ${n(yy)} ${n(x - 9)} ${n(yy)}H${n(b.right - 30)}`, "defer");
    front.push(line(`M${n(b.right - 40)} ${n(yy - 1)}l10 0l-5 8z`, "mk err"), phrase(x + 10, a.y + 5, "start", `${j.waiting} waits until dispatch`, "tag err"));
  }

  function drawShort(): void {
    const a = j.short === null ? undefined : at.get(j.short.key);
    const b = at.get("make_response");
    if (j.short === null || a === undefined || b === undefined || !j.stops.some((stop) => stop.key === "make_response")) return;
    const returned = j.short.step?.detail["returned"];
    const said = `returned ${typeof returned === "string" ? ellipsize(returned.replace(/^Response /, ""), 24) : "a response"}: view skipped`;
    const cy = (a.y + b.y) / 2;
    const beside = [...at.values()].filter((point) => Math.abs(point.y - cy) < pitch / 2 + 8);
    const from = Math.max(XL, ...beside.filter((point) => point.x === XL).map((point) => point.right));
    const to = Math.min(XR, ...beside.filter((point) => point.x === XR).map((point) => point.left));
    bubble((from + to) / 2, cy, said, "short");
  }
}
