/** The border between two panes: dragged, or moved by keys. */

import type { JSX } from "preact";

import "../styles/separator.css";

const STEP = 16;
const LEAP = 96;

interface SeparatorProps {
  readonly label: string;
  /** The id of the pane that it resizes. */
  readonly controls: string;
  /** Its own direction, as in ARIA: a vertical one is dragged sideways. */
  readonly orientation: "vertical" | "horizontal";
  /** Whether the pane is after it, to its right or below, and so grows as it moves back. */
  readonly after?: boolean;
  /** The size of the pane, px, and its limits. */
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** The size that a double click restores. */
  readonly initial: number;
  readonly onChange: (value: number) => void;
}

export function Separator(props: SeparatorProps): JSX.Element {
  const { label, controls, orientation, after = false, value, min, max, initial, onChange } = props;
  const sign = after ? -1 : 1;
  const set = (wanted: number): void => {
    onChange(Math.round(Math.max(min, Math.min(max, wanted))));
  };
  const along = (event: PointerEvent): number => (orientation === "vertical" ? event.clientX : event.clientY);
  return (
    <div
      class={`separator ${orientation}`}
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-controls={controls}
      aria-orientation={orientation}
      aria-valuenow={Math.round(value)}
      aria-valuemin={Math.round(min)}
      aria-valuemax={Math.round(max)}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        const { currentTarget } = event;
        currentTarget.focus();
        currentTarget.setPointerCapture(event.pointerId);
        const from = value - sign * along(event);
        currentTarget.onpointermove = (moved) => {
          set(from + sign * along(moved));
        };
        currentTarget.onlostpointercapture = () => {
          currentTarget.onpointermove = null;
        };
      }}
      onDblClick={() => {
        set(initial);
      }}
      onKeyDown={(event) => {
        const wanted = moved(event, { value, min, max, sign, orientation });
        if (wanted === null) return;
        event.preventDefault();
        set(wanted);
      }}
    />
  );
}

type Range = Pick<SeparatorProps, "value" | "min" | "max" | "orientation"> & { readonly sign: number };

/** The size that a key asks for; null for keys of others. */
function moved(
  { key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent,
  { value, min, max, sign, orientation }: Range,
): number | null {
  if (ctrlKey || metaKey || altKey) return null;
  const [back, on] = orientation === "vertical" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  const step = sign * (shiftKey ? LEAP : STEP);
  switch (key) {
    case back:
      return value - step;
    case on:
      return value + step;
    case "Home":
      return min;
    case "End":
      return max;
    default:
      return null;
  }
}
