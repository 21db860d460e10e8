/** An exception: its frames with their locals, and the exceptions that belong to it. */

import { plural } from "../../trace/format";
import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Lines } from "../../components/Lines";
import { Pairs } from "../../components/Message";
import { Open } from "../../components/Source";
import { inOneLine, isOf, placeOf } from "../../trace/details";
import { othersOf, type Recorded } from "../../trace/traceback";
import type { FrameLines, SourceLines } from "../../api/types";

const AS: Readonly<Record<string, string>> = {
  cause: "It was directly caused by:",
  context: "It was raised while this one was handled:",
};
/** So many frames are before those that were cut. */
const FIRST = 10;

interface RaisedProps {
  readonly recorded: Recorded;
  /** The highlighted lines of its frames, once they have come. */
  readonly lines: FrameLines | null;
}

export function Raised({ recorded, lines }: RaisedProps): JSX.Element {
  const frames = Array.isArray(recorded["frames"]) ? recorded["frames"].filter(isOf) : [];
  const notes = Array.isArray(recorded["notes"]) ? recorded["notes"] : [];
  const all = [...othersOf(recorded, false), ...othersOf(recorded, true)];
  const order = Array.isArray(recorded["others"]) ? recorded["others"].filter(isOf) : [];
  const members = othersOf(recorded, true);
  const cut = Number(recorded["cut_frames"]);
  return (
    <>
      <h2 class="raised-title">
        <bdi>{inOneLine({ type: recorded["type"] ?? "", message: recorded["message"] ?? "" })}</bdi>
      </h2>
      {notes.map((note, index) => (
        <p key={index} class="given">
          <bdi>{String(note)}</bdi>
        </p>
      ))}
      <ol class="frames">
        {frames.map((frame, index) => (
          <Frame
            key={index}
            frame={frame}
            lines={lines?.frames[index] ?? null}
            last={index === frames.length - 1}
            cut={index === FIRST - 1 && cut > 0 ? cut : 0}
          />
        ))}
      </ol>
      {all.map((other, index) => (
        <section key={index} class="other">
          <p class="k">
            {AS[String(other["as"])] ??
              `Exception ${members.indexOf(other) + 1} of ${members.length} in the group:`}
          </p>
          <Raised recorded={other} lines={lines?.others[order.indexOf(other)] ?? null} />
        </section>
      ))}
    </>
  );
}

interface FrameProps {
  readonly frame: Recorded;
  readonly lines: SourceLines["lines"] | null;
  readonly last: boolean;
  readonly cut: number;
}

function Frame({ frame, lines, last, cut }: FrameProps): JSX.Element {
  const own = frame["own"] === true;
  const [open, setOpen] = useState(own || last);
  const place = placeOf(frame);
  const plain = Array.isArray(frame["lines"]) ? frame["lines"] : [];
  const locals = isOf(frame["locals"]) ? Object.entries(frame["locals"]) : [];
  const name = String(frame["function"]);
  return (
    <li class={own ? "frame own" : "frame"}>
      <p class="by">
        {plain.length + locals.length === 0 ? null : (
          <button
            type="button"
            class="link"
            aria-expanded={open}
            onClick={() => {
              setOpen(!open);
            }}
          >
            {open ? "−" : "+"}
            <span class="unseen"> code and locals of {name}</span>
          </button>
        )}
        <code>
          <bdi>{name}</bdi>
        </code>
        {place === null ? null : <Open source={place} />}
      </p>
      {open && plain.length > 0 ? (
        <pre class="source" tabIndex={0} aria-label={`Code of ${name}`}>
          <Lines
            lines={lines ?? plain.map((line) => [["", String(line)] as const])}
            first={Number(frame["first"])}
            marked={place?.line ?? null}
          />
        </pre>
      ) : null}
      {open ? <Pairs title="Locals" pairs={locals} /> : null}
      {cut > 0 ? <p class="more">{plural(cut, "more frame")}</p> : null}
    </li>
  );
}
