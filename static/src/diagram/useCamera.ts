/** Move the camera by wheel, drag and pinch. */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { moveBy, view, zoomBy, type View } from "./camera";

const WHEEL = 0.003;
const PINCH = 0.01;
/** The distance from which a press is a drag, px. */
const DRAG = 4;

/** Move the camera over a diagram; returns whether a hand holds it. */
export function useCamera(svg: RefObject<SVGSVGElement | null>, seen: View, onMove: () => void): boolean {
  const [held, setHeld] = useState(false);
  const now = useRef({ seen, onMove });
  now.current = { seen, onMove };
  useLayoutEffect(() => {
    if (svg.current === null) return;
    const hand = new Hand(svg.current, {
      seen: () => now.current.seen,
      set: (next) => {
        view.value = next;
        now.current.onMove();
      },
      hold: setHeld,
    });
    return hand.listen();
  }, []);
  return held;
}

interface Camera {
  readonly seen: () => View;
  readonly set: (next: View) => void;
  readonly hold: (held: boolean) => void;
}

/** The pointers on a diagram. */
class Hand {
  readonly #element: SVGSVGElement;
  readonly #camera: Camera;
  readonly #fingers = new Map<number, PointerEvent>();
  #dragged = 0;

  constructor(element: SVGSVGElement, camera: Camera) {
    this.#element = element;
    this.#camera = camera;
  }

  /** Listen; returns a function that stops. */
  listen(): () => void {
    const gone = new AbortController();
    const { signal } = gone;
    const element = this.#element;
    const up = (event: PointerEvent): void => {
      this.#fingers.delete(event.pointerId);
      this.#camera.hold(false);
    };
    const wheel = (event: WheelEvent): void => {
      this.#wheel(event);
    };
    const down = (event: PointerEvent): void => {
      this.#fingers.set(event.pointerId, event);
      this.#dragged = 0;
    };
    const move = (event: PointerEvent): void => {
      this.#move(event);
    };
    // The end of a drag selects nothing.
    const click = (event: MouseEvent): void => {
      if (this.#dragged > DRAG && this.#camera.seen().k > 1) event.stopPropagation();
    };
    element.addEventListener("wheel", wheel, { passive: false, signal });
    element.addEventListener("pointerdown", down, { signal });
    element.addEventListener("click", click, { capture: true, signal });
    addEventListener("pointermove", move, { signal });
    addEventListener("pointerup", up, { signal });
    addEventListener("pointercancel", up, { signal });
    return () => {
      gone.abort();
    };
  }

  #by(from: View, dx: number, dy: number): View {
    const { width, height } = this.#element.getBoundingClientRect();
    return moveBy(from, dx / width, dy / height);
  }

  /** A position on the page as a fraction of the diagram's width and height. */
  #place(x: number, y: number): readonly [x: number, y: number] {
    const box = this.#element.getBoundingClientRect();
    return [(x - box.left) / box.width, (y - box.top) / box.height];
  }

  #wheel(event: WheelEvent): void {
    const { deltaX, deltaY } = event;
    const from = this.#camera.seen();
    // A pinch on a touchpad comes as a wheel with Ctrl, in small steps.
    if (event.ctrlKey) {
      const by = Math.exp(-deltaY * (Math.abs(deltaY) < 50 ? PINCH : WHEEL));
      this.#camera.set(zoomBy(from, by, this.#place(event.clientX, event.clientY)));
    } else if (from.k > 1) this.#camera.set(this.#by(from, -deltaX, -deltaY));
    else return;
    event.preventDefault();
  }

  #move(event: PointerEvent): void {
    const before = this.#fingers.get(event.pointerId);
    if (before === undefined) return;
    const from = this.#camera.seen();
    const other = [...this.#fingers.values()].find((each) => each.pointerId !== event.pointerId);
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    this.#fingers.set(event.pointerId, event);
    this.#dragged += Math.abs(dx) + Math.abs(dy);
    if (this.#dragged <= DRAG && other === undefined) return;
    this.#camera.hold(true);
    if (other !== undefined) {
      const apart = ({ clientX, clientY }: PointerEvent): number =>
        Math.hypot(clientX - other.clientX, clientY - other.clientY);
      const [x, y] = [(event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2];
      const zoomed = zoomBy(from, apart(event) / Math.max(1, apart(before)), this.#place(x, y));
      this.#camera.set(this.#by(zoomed, dx / 2, dy / 2));
    } else if (from.k > 1) this.#camera.set(this.#by(from, dx, dy));
  }
}
