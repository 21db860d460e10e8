import type { JSX } from "preact";

/** The disc of a held request, as on the wire. */
export function Pause(): JSX.Element {
  return (
    <svg class="pause-icon" width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
      <circle cx="13" cy="13" r="11" />
      <path d="M10 8.5v9M16 8.5v9" />
    </svg>
  );
}
