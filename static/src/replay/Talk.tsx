/** The requests that are prepared for a talk, and the speaker's window. */

import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import talkStyles from "../styles/talk.css?inline";
import { adopt } from "../components/adopt";
import { actions } from "../state/actions";
import { find } from "../state/request";
import { state } from "../state/store";
import { preparedOf } from "../state/talk";
import type { TraceSummary } from "../api/types";
import { openSpeaker } from "./channel";

adopt(talkStyles);

export default function Talk({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.showPopover();
  }, []);
  const prepared = preparedOf(state.value);
  const selected = find(state.value, state.value.selected);
  const isIn = prepared.some(({ id }) => id === selected?.id);
  return (
    <div
      ref={box}
      popover="auto"
      class="talk"
      role="dialog"
      aria-label="Talk"
      onToggle={(event) => {
        if (event.newState === "closed") onClose();
      }}
    >
      <h2>Requests for a talk</h2>
      {prepared.length === 0 ? <p>Add requests, in the order in which you want to show them.</p> : null}
      <ol>
        {prepared.map((trace, index) => (
          <Prepared key={trace.id} trace={trace} index={index} prepared={prepared} />
        ))}
      </ol>
      <p class="acts">
        {selected === undefined || isIn ? null : (
          <button
            type="button"
            onClick={() => {
              actions.talk([...prepared.map(({ id }) => id), selected.id]);
            }}
          >
            Add {selected.method} {selected.path}
          </button>
        )}
        <button type="button" onClick={openSpeaker}>
          Speaker’s window
        </button>
        <button
          type="button"
          onClick={() => {
            box.current?.hidePopover();
            if (prepared[0] !== undefined && !isIn) actions.select(prepared[0].id);
            actions.stage();
          }}
        >
          Present
        </button>
      </p>
    </div>
  );
}

interface PreparedProps {
  readonly trace: TraceSummary;
  readonly index: number;
  readonly prepared: readonly TraceSummary[];
}

function Prepared({ trace, index, prepared }: PreparedProps): JSX.Element {
  const ids = prepared.map(({ id }) => id);
  const name = `${trace.method} ${trace.path}`;
  const up = (): void => {
    const moved = ids.filter((id) => id !== trace.id);
    actions.talk([...moved.slice(0, index - 1), trace.id, ...moved.slice(index - 1)]);
  };
  return (
    <li aria-current={trace.id === state.value.selected}>
      <button
        type="button"
        class="link"
        onClick={() => {
          actions.select(trace.id);
        }}
      >
        <bdi>{name}</bdi>
      </button>
      <button type="button" aria-label={`Move ${name} up`} disabled={index === 0} onClick={up}>
        ↑
      </button>
      <button
        type="button"
        aria-label={`Remove ${name}`}
        onClick={() => {
          actions.talk(ids.filter((id) => id !== trace.id));
        }}
      >
        ✕
      </button>
    </li>
  );
}
