// @vitest-environment happy-dom

import { h, render } from "preact";
import { expect, it } from "vitest";

import { Separator } from "./Separator";

function made(after: boolean): { box: HTMLElement; sizes: number[] } {
  const holder = document.createElement("div");
  const sizes: number[] = [];
  const onChange = (value: number): void => {
    sizes.push(value);
    draw(value);
  };
  const draw = (value: number): void => {
    const more = { label: "Width", controls: "pane", orientation: "vertical", after } as const;
    render(h(Separator, { ...more, value, min: 240, max: 560, initial: 304, onChange }), holder);
  };
  draw(304);
  return { box: holder.firstElementChild as HTMLElement, sizes };
}

const press = (box: HTMLElement, key: string, shiftKey = false): boolean =>
  box.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, cancelable: true }));

it("is moved by keys, within its limits", () => {
  const { box, sizes } = made(false);
  for (const key of ["ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "ArrowLeft"]) press(box, key);
  expect(sizes).toEqual([320, 304, 560, 560, 240, 240]);
  press(box, "ArrowRight", true);
  expect(sizes.at(-1)).toBe(336);
  expect(box.getAttribute("aria-valuenow")).toBe("336");
  expect(press(box, "j")).toBe(true);
});

it("has a pane after it grow as it moves back, and its first size at a double click", () => {
  const { box, sizes } = made(true);
  press(box, "ArrowLeft");
  box.dispatchEvent(new MouseEvent("dblclick"));
  expect(sizes).toEqual([320, 304]);
});
