/** The pipe is the map, the wire is the journey from stop to stop. */

import { d, line, type Shape } from "../shapes";
import type { Frame } from "../frame";
import type { Scene } from "../scene";
import type { Axes, Places } from "../sheet";
import { drawEnd } from "./ends";
import { mark, netOf, pointOf, turnIn, turnOut, wire, type Drawn, type Net } from "./net";
import { drawWaiting } from "./notes";
import { route } from "./route";

export function drawWires(scene: Scene, frame: Frame, places: Places, axes: Axes): Drawn {
  const net = netOf(scene, frame, places, axes);
  const last = scene.journey.stops.at(-1);
  const { parts: journey, failing } = drawJourney(net);
  const parts: readonly Drawn[] = [
    { wires: drawPipes(net), front: [mark(d`M${frame.XL - 7} ${frame.topY - 4}h14l-7 10z`, "in")] },
    ...journey,
    last === undefined ? {} : drawEnd(net, last, failing),
    drawWaiting(net),
  ];
  return {
    wires: parts.flatMap((part) => part.wires ?? []),
    front: parts.flatMap((part) => part.front ?? []),
  };
}

function drawPipes(net: Net): readonly Shape[] {
  const { XL, XR, topY, turnY, handlers, pitch, turn } = net.frame;
  const bottom = handlers[0]?.y ?? turnY + (turn.rows - 1) * pitch;
  const { body, view } = net.scene.journey;
  const top = body === null ? topY : (net.places.at.get("send")?.y ?? topY);
  if (view.step !== null || view.state === "pending")
    return [line(d`M${XL} ${topY}${turnIn(net)}${turnOut(net)}V${top}`, "pipe")];
  return [line(d`M${XL} ${topY}V${turnY}`, "pipe"), line(d`M${XR} ${bottom}V${top}`, "pipe")];
}

/** The wire from stop to stop; and whether an exception climbs at its end. */
function drawJourney(net: Net): { readonly parts: readonly Drawn[]; readonly failing: boolean } {
  const { stops } = net.scene.journey;
  const { XL, topY } = net.frame;
  const parts: Drawn[] = [];
  let failing = false;
  for (const [index, stop] of stops.entries()) {
    const before = stops[index - 1];
    if (before === undefined) {
      const first = pointOf(net, stop);
      if (first?.x === XL) parts.push({ wires: [wire(d`M${XL} ${topY - 4}V${first.y}`, "in")] });
      continue;
    }
    const way = route(net, before, stop, failing);
    failing = !stop.answers && (way.failing ?? failing);
    parts.push(way);
  }
  return { parts, failing: failing || stops.at(-1)?.failed === true };
}
