/** Above the diagram: the request, its status and time, and a legend if it fits. */

import { size, time } from "../../trace/format";
import { ellipsize } from "../../trace/text";
import type { Journey } from "../model/types";
import type { Frame } from "./frame";
import { GEOMETRY } from "./geometry";
import { LONGEST_TITLE } from "./nodes";
import { fit, widthOf, type Scene } from "./scene";
import { d, line, phrase, rect, words, type Shape } from "./shapes";

const LONGEST_PATH = 60;
const LONGEST_STATUS = 30;
const { key: KEY } = GEOMETRY;

export function drawHead(scene: Scene, frame: Frame): readonly Shape[] {
  const { journey } = scene;
  if (scene.space.head === false) return [];
  const { X0, X1 } = frame;
  const request = requestText(journey);
  const times = frame.narrow ? { took: "", beside: "" } : timesText(journey);
  const head = headOf(scene, frame, request, `${times.took}${times.beside}`);
  const title = fit(scene, request, "head", head.room, LONGEST_PATH);
  const left = X0 + widthOf(scene, title, "head");
  const tip = title === request ? undefined : request.slice(0, LONGEST_TITLE);
  return [
    rect(X0, 8, left - X0, 26, 0, "hit", tip),
    phrase(X0, 28, "start", title, "big"),
    words(
      X1,
      28,
      "end",
      { text: head.status, cls: `big s${statusClass(journey)}` },
      ...(times.took === ""
        ? []
        : [
            { text: times.took, cls: "bigs own", dx: 14 },
            { text: times.beside, cls: "bigs" },
          ]),
    ),
    ...(head.keyed ? drawKey(left, head.right) : []),
  ];
}

function requestText({ trace }: Journey): string {
  return `${trace.method} ${trace.path}${trace.query === "" ? "" : `?${trace.query}`}`;
}

/** The app's time; the time of sending the body is beside it. */
function timesText(journey: Journey): { readonly took: string; readonly beside: string } {
  const { websocket, moving, total, sent, bytes, trace } = journey;
  if (websocket !== null) return { took: websocket, beside: "" };
  // At a moment of its replay, a finished request is not in flight.
  const took = moving ? `${trace.state === "done" ? "after" : "in flight"} ${time(total)}` : time(total);
  if (sent <= 0) return { took, beside: " in the app" };
  const body = bytes === null ? "" : `${size(bytes)} `;
  return { took, beside: ` in the app · ${body}${moving ? "sending for" : "sent in"} ${time(sent)}` };
}

function statusText({ websocket, moving, status, trace }: Journey): string {
  if (websocket !== null) return "upgraded to a websocket";
  if (moving) return trace.state === "done" ? "not yet" : "…";
  return ellipsize(status, LONGEST_STATUS);
}

function statusClass({ moving, trace }: Journey): number {
  const code = moving ? 0 : trace.error === null ? (trace.status ?? 0) : 500;
  return Math.floor(code / 100);
}

interface Head {
  readonly status: string;
  /** Whether it has a legend. */
  readonly keyed: boolean;
  /** Where the status begins, and what that leaves for the request. */
  readonly right: number;
  readonly room: number;
}

/** The legend gives way to the path, and so does the reason, which start_response has as well. */
function headOf(scene: Scene, { X0, X1, narrow }: Frame, request: string, times: string): Head {
  const whole = statusText(scene.journey);
  const code = /^\d{3}(?= )/.exec(whole)?.[0] ?? whole;
  const make = (status: string, keyed: boolean): Head => {
    const right = X1 - widthOf(scene, status, "head") - 14 - widthOf(scene, times, "headTimes");
    return { status, keyed, right, room: right - X0 - (keyed ? KEY + 40 : 24) };
  };
  const second = make(narrow ? code : whole, false);
  const wanted = widthOf(scene, ellipsize(request, LONGEST_PATH), "head");
  return (
    [...(narrow ? [] : [make(whole, true)]), second, make(code, false)].find(({ room }) => wanted <= room) ??
    second
  );
}

function drawKey(left: number, right: number): readonly Shape[] {
  const middle = Math.max((left + right) / 2, left + KEY / 2 + 12);
  const x = Math.min(middle, right - KEY / 2 - 12) - KEY / 2;
  return [
    line(d`M${x + 5} 18l5 5l-5 5l-5-5z`, "sig"),
    phrase(x + 16, 27.5, "start", "signal", "keyt"),
    rect(x + 65, 16, 20, 14, 4, "chip ghost"),
    phrase(x + 91, 27.5, "start", "not run", "keyt"),
  ];
}
