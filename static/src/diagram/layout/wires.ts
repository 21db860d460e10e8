/** The pipe is the map, the wire is the journey: how it goes from stop to stop. */

import { time } from "../../trace/format";
import type { Sheet } from "./sheet";
import type { Journey, Stop } from "../model/types";
import type { Axis } from "./ribbon";
import { circle, d, fonts, line, phrase, type Point, rect } from "./shapes";
import { ellipsize } from "../../trace/text";

const R = 18;

type Side = "left" | "right" | "handler" | "view" | "body";

export function drawWires(
  sheet: Sheet,
  j: Journey,
  axes: { readonly view: Axis | null; readonly body: Axis | null },
): void {
  const { XL, XR, at, again, front, wires, topY, turnY, viewY, gapToView, chipHeight, pitch, ownRow, space } =
    sheet;
  const { measure } = space;
  const FONT = fonts(space.stage === true);
  const axis = axes.view?.y ?? turnY;
  const viewEnd = axes.view?.end ?? XR;
  const sendY = at.get("send")?.y ?? topY;
  const wire = (path: string, cls: string): void => {
    wires.push(line(path, `w ${cls}`));
  };
  const mark = (path: string, cls: string): void => {
    front.push(line(path, `mk ${cls}`));
  };
  const arrow = (x: number, y: number, cls: string): void => {
    mark(d`M${x} ${y - 6}l9 6l-9 6z`, cls);
  };
  const bubble = (cx: number, cy: number, said: string, cls: string): void => {
    const w = measure(said, FONT.bubble) + 24;
    front.push(
      rect(cx - w / 2, cy - 13, w, 26, 13, `bubble ${cls}`),
      phrase(cx, cy + 4.5, "middle", said, `bt ${cls}`),
    );
  };
  const sideOf = (key: string): Side => {
    if (key === "view" || key === "body") return key;
    if (key.startsWith("handler:")) return "handler";
    return at.get(key)?.x === XL ? "left" : "right";
  };
  const where = (stop: Stop): Point | undefined => (stop.again ? again.get(stop.key) : at.get(stop.key));

  // From the way in onto the axis of the view, and from there to the way out.
  const turnIn = d`V${axis - R}q0 ${R} ${R} ${R}`;
  const turnOut = d`H${XR - R}q${R} 0 ${R} ${-R}`;
  const leave = (from: number, to: number, cls: string): void => {
    wire(d`M${from} ${axis}${turnOut}V${to}`, cls);
  };

  // Pipes: the map
  const pipeTop = j.body === null ? topY : sendY;
  if (j.view.step !== null || j.view.state === "pending")
    wires.push(line(d`M${XL} ${topY}${turnIn}${turnOut}V${pipeTop}`, "pipe"));
  else wires.push(line(d`M${XL} ${topY}V${turnY}`, "pipe"), line(d`M${XR} ${turnY}V${pipeTop}`, "pipe"));

  // Wires: the journey
  const first = j.stops[0] === undefined ? undefined : where(j.stops[0]);
  if (first?.x === XL) wire(d`M${XL} ${topY - 4}V${first.y}`, "in");
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
      wire(d`M${XL} ${A.y}${turnIn}H${until}`, "in");
      if (j.view.thread) wire(d`M${(axes.view?.begin ?? XL) - 14} ${axis}H${until}`, "thr");
    } else if (to === "body" && axes.body !== null && A !== null) loop(axes.body, A);
    else if (A === null && from === "view" && B !== null) fromView(b, B, to);
    else if (A === null || B === null) return;
    else if (to === "handler") toHandler(A, B, from);
    else if (b.key === "make_response" && !b.again) toResponse(A, B, from);
    else if (b.again && b.key === "make_response") secondTime(A, B, from);
    else if (from === "handler") across(A, B, "err");
    else if (A.x === B.x)
      wire(d`M${A.x} ${A.y}V${B.y}`, A.x === XL ? "in" : a.failed && !failing ? failed(b) : tone);
    else if (from === to) {
      // From the second way up back to the first.
      const middle = (A.y + B.y) / 2;
      wire(d`M${A.x} ${A.y}V${middle + 8}L${B.x} ${middle - 8}V${B.y}`, tone);
    } else if (from === "left" && to === "right")
      across(A, B, a.failed || j.propagated !== null ? "err" : "short");
  }

  /** Once what runs on the way out has failed, the exception climbs. */
  function failed(b: Stop): string {
    if (j.propagated === null || sideOf(b.key) !== "right") return "out";
    failing = true;
    return "err";
  }

  /** Straight to the way out: an exception that nothing took, or what a middleware answers by itself. */
  function across(A: Point, B: Point, cls: "err" | "short"): void {
    failing = cls === "err";
    const mx = (A.right + B.left) / 2;
    wire(d`M${A.right + 5} ${A.y}C${mx + 60} ${A.y} ${mx - 60} ${B.y} ${B.left - 7} ${B.y}`, cls);
    arrow(B.left - 12, B.y, cls);
  }

  function fromView(b: Stop, B: Point, to: Side): void {
    const e = viewEnd;
    if (to === "handler") {
      const yy = viewY - gapToView / 2 - 1;
      const q = Math.min(12, Math.abs(e - B.x) / 2);
      const s = Math.sign(e - B.x) || 1;
      wire(
        d`M${e} ${axis}V${yy + q}q0 ${-q} ${-q * s} ${-q}H${B.x + q * s}q${-q * s} 0 ${-q * s} ${-q}V${B.y + chipHeight / 2 + 3}`,
        "err",
      );
    } else if (j.view.error === null) leave(XR - R, B.y, "out");
    else {
      // Nothing took the exception: it climbs as it is, or Flask makes a 500 of it.
      if (j.propagated !== null && b.key !== "make_response") failing = true;
      leave(e, B.y, "err");
      if (b.key === "make_response")
        bubble(
          (e + XR) / 2 - 60,
          viewY - gapToView / 2 - 1,
          j.answeredByApp
            ? "the app's own code answers it"
            : j.trace.error === null
              ? "no handler: it is the response itself"
              : "nobody handles it: Flask answers 500",
          "err",
        );
    }
  }

  function toHandler(A: Point, B: Point, from: Side): void {
    if (from !== "right" && Math.abs(A.y - B.y) < 1) {
      wire(d`M${A.right + 3} ${A.y}H${B.left - 7}`, "err");
      arrow(B.left - 12, A.y, "err");
    } else if (from === "left" && ownRow && Math.abs(A.y - turnY) < 1) {
      wire(d`M${A.x} ${A.y}V${B.y - 12}q0 12 12 12H${B.left - 7}`, "err");
    } else {
      // From the right: back down from what failed on the way up.
      const top = B.y - chipHeight / 2 - 9;
      const [start, bend, high] =
        from === "right"
          ? [A.left - 5, A.left - 95, Math.min(A.y, top - 34)]
          : [A.right + 5, A.right + 90, (A.y + top + 6) / 2];
      wire(d`M${start} ${A.y}C${bend} ${A.y} ${B.x} ${high} ${B.x} ${top}`, "err");
      mark(d`M${B.x - 6} ${top - 2}h12l-6 9z`, "err");
    }
  }

  function toResponse(A: Point, B: Point, from: Side): void {
    const cls = j.short !== null && from === "left" ? "short" : "out";
    if (from === "handler" && ownRow) {
      const x = B.left + 40;
      const t = B.y + chipHeight / 2;
      wire(d`M${A.right + 4} ${A.y}H${x - 12}q12 0 12-12V${t + 9}`, "out");
      mark(d`M${x - 6} ${t + 12}l6-9l6 9z`, "out");
      return;
    }
    const x0 = A.right + 5;
    const x1 = B.left - 7;
    const mx = (x0 + x1) / 2;
    wire(
      Math.abs(A.y - B.y) < 1
        ? d`M${x0} ${A.y}H${x1}`
        : d`M${x0} ${A.y}C${mx + 60} ${A.y} ${mx - 60} ${B.y} ${x1} ${B.y}`,
      cls,
    );
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
    const level = Math.abs(A.y - B.y) < 1;
    wire(
      level
        ? d`M${x0} ${A.y - 4}C${cx} ${A.y - 34} ${cx} ${B.y} ${x1} ${B.y + 2}`
        : d`M${x0} ${A.y}C${cx} ${A.y} ${cx} ${B.y} ${x1} ${B.y}`,
      "err",
    );
    arrow(x1 - 5, B.y, "err");
    const plain =
      j.unhandled === null
        ? "raised: Flask answers 500, and the after-hooks run again"
        : `${j.unhandled}: Flask answers 500${level ? "" : ", the hooks run again"}`;
    const w = measure(plain, FONT.bubble) + 24;
    bubble(Math.max(XL + 40 + w / 2, cx - 20 - w / 2), B.y, plain, "err");
  }

  function loop(body: Axis, A: Point): void {
    const u = body.top + body.height + 15;
    const l = body.left + 24;
    const q = 14;
    const end =
      j.body?.state === "running" || body.cut ? d`H${body.end}` : d`H${XR - q}q${q} 0 ${q} ${-q}V${topY + 4}`;
    wire(
      d`M${XR} ${A.y}V${u + q}q0 ${-q} ${-q} ${-q}H${l + q}q${-q} 0 ${-q} ${-q}V${body.y + q}q0 ${-q} ${q} ${-q}${end}`,
      "out",
    );
  }

  function drawEnd(stop: Stop | undefined): void {
    const point = stop === undefined ? undefined : where(stop);
    if (stop === undefined) return;
    if (j.moving) {
      drawClock(stop, point);
      return;
    }
    const out = j.propagated !== null ? "err" : "out";
    const fails = j.propagated !== null && stop.key === "view" && j.view.error !== null;
    if (j.body === null || j.propagated !== null) {
      const climbs = point !== undefined && point.x >= XR;
      if (climbs) wire(d`M${XR} ${point.y}V${topY}`, out);
      else if (fails) leave(viewEnd, topY, out);
      if (climbs || fails) mark(d`M${XR - 8} ${topY + 1}h16l-8-11z`, out);
    } else if (axes.body?.cut !== true) mark(d`M${XR - 8} ${topY + 5}h16l-8-11z`, "out");
    if (j.propagated !== null) {
      const late = j.trace.status !== null ? ", after the status was sent" : "";
      const view = j.view.error !== null;
      const what = view
        ? "the exception goes on to the server: no after-hooks, no session save"
        : `goes on to the server${late}: ${ellipsize(j.propagated, 36)}`;
      front.push(
        phrase(
          view ? XR - 14 : XR - 24,
          view ? viewY - 12 : 44,
          "end",
          what,
          `tag err ${view ? "halo2" : ""}`,
        ),
      );
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
      circle(x, y, 20, "halo"),
      circle(x, y, 12, "clock"),
      line(d`M${x} ${y - 7}V${y}L${x + 5} ${y + 3}`, "hands"),
    );
    const said = `waiting for ${time(j.hung)}`;
    if (inRibbon) front.push(phrase(x - 24, y - 12, "end", said, "tag short halo2"));
    else if (point !== undefined)
      front.push(
        phrase(
          point.x === XL ? point.right + 10 : point.left - 10,
          point.y + 4.5,
          point.x === XL ? "start" : "end",
          said,
          "tag short",
        ),
      );
  }

  /** The match failed: what it raised waits until Flask dispatches. */
  function drawWaiting(): void {
    const a = at.get("url_match");
    const b = at.get("dispatch");
    if (j.waiting === null || a === undefined || b === undefined) return;
    const beside = [...at.values()]
      .filter((point) => point.x === XL && point.y > a.y && point.y < b.y)
      .map((point) => point.right);
    const x = Math.max(a.right, b.right - 30, ...beside) + 20;
    const yy = b.y - chipHeight / 2 - 9;
    wire(d`M${a.right + 5} ${a.y}H${x - 9}q9 0 9 9V${yy - 9}q0 9-9 9H${b.right - 30}`, "defer");
    mark(d`M${b.right - 40} ${yy - 1}l10 0l-5 8z`, "err");
    front.push(phrase(x + 10, a.y + 5, "start", `${j.waiting} waits until dispatch`, "tag err"));
  }

  function drawShort(): void {
    const a = j.short === null ? undefined : at.get(j.short.key);
    const b = at.get("make_response");
    if (
      j.short === null ||
      a === undefined ||
      b === undefined ||
      !j.stops.some((stop) => stop.key === "make_response")
    )
      return;
    const returned = j.short.step?.detail["returned"];
    const said = `returned ${typeof returned === "string" ? ellipsize(returned.replace(/^Response /, ""), 24) : "a response"}: view skipped`;
    const cy = (a.y + b.y) / 2;
    const beside = [...at.values()].filter((point) => Math.abs(point.y - cy) < pitch / 2 + 8);
    const from = Math.max(XL, ...beside.filter((point) => point.x === XL).map((point) => point.right));
    const to = Math.min(XR, ...beside.filter((point) => point.x === XR).map((point) => point.left));
    const fits = measure(said, FONT.bubble) + 40 < to - from;
    bubble((from + to) / 2, cy, fits ? said : said.replace("returned ", ""), "short");
  }
}
