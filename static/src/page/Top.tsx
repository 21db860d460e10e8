import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

import { arrived } from "../state/selection";
import type { Made } from "../api/types";
import { importedOf } from "../state/request";
import { actions } from "../state/actions";
import { writePreference } from "../state/preferences";
import type { State } from "../state/state";
import { state } from "../state/store";
import { DialogButton } from "../components/DialogButton";
import { lazy } from "../components/lazy";
import { narrow } from "../components/narrow";
import { HeldCount } from "../holds/HeldCount";
import { Field } from "../list/Field";
import { TalkButton } from "../replay/TalkButton";
import { AllViews } from "../views/ViewMenu";

const SAYS: Record<State["connection"], string> = {
  connecting: "connecting…",
  live: "live",
  polling: "polling (no websocket)",
  lost: "connection lost, reconnecting…",
};

export function Top(): JSX.Element {
  const { connection, recorded, traces } = state.value;
  const acts = (
    <>
      {recorded !== null && traces.length < 2 ? null : <Field />}
      <Acts />
    </>
  );
  return (
    <header>
      <div class="top">
        <Brand />
        {recorded === null ? (
          <span class={`live ${connection}`} role="status">
            <i />
            {SAYS[connection]}
          </span>
        ) : (
          <RecordedBy made={recorded.made} />
        )}
        <HeldCount />
        {narrow.value ? (
          <>
            {state.value.compared === null ? <AllViews /> : null}
            <MoreActs>{acts}</MoreActs>
          </>
        ) : (
          acts
        )}
      </div>
      <Banners />
    </header>
  );
}

/** What the page is a recording of, and when it was made. */
function RecordedBy({ made }: { readonly made: Made }): JSX.Element {
  const { app, at, by, host: machine, python, flask } = made;
  const versions = [flask === null ? "" : `Flask ${flask}`, python === null ? "" : `Python ${python}`];
  const about = [`made by ${by} on ${machine}`, ...versions].filter(Boolean).join(" · ");
  return (
    <span class="recorded" title={about}>
      recording{app === null ? "" : " of "}
      <bdi>{app ?? ""}</bdi>, <time dateTime={new Date(at * 1000).toISOString()}>{day(at)}</time>
    </span>
  );
}

function day(at: number): string {
  return new Date(at * 1000).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}

function Brand(): JSX.Element {
  const { map, process } = state.value;
  const about =
    map === null
      ? undefined
      : `${map.name} · Flask ${map.versions["flask"]} · process ${(process ?? map.process).pid}`;
  return (
    <span class="brand" title={about}>
      <b>flask</b>-lifecycle
    </span>
  );
}

function Acts(): JSX.Element {
  return (
    <nav class="acts" aria-label={state.value.recorded === null ? "Recording" : "Controls"}>
      {state.value.recorded === null ? <Recording /> : state.value.traces.length > 1 ? <Compare /> : null}
      <DialogButton name="Share" dialog={Share} />
      <button type="button" title="Presentation mode (f)" onClick={actions.stage}>
        Stage <kbd aria-hidden="true">f</kbd>
      </button>
      {narrow.value ? <TalkButton /> : null}
      <button
        type="button"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={() => {
          actions.help(true);
        }}
      >
        ?
      </button>
      <Theme />
    </nav>
  );
}

/** What is recorded from now on, and shown of it. */
function Recording(): JSX.Element {
  const { paused, follow } = state.value;
  const waiting = paused ? arrived(state.value) : 0;
  return (
    <>
      <button type="button" class="on" aria-pressed={follow} onClick={actions.follow}>
        Follow
      </button>
      <button type="button" class="on" aria-pressed={paused} onClick={actions.pause}>
        {paused ? `Resume${waiting > 0 ? ` (${waiting})` : ""}` : "Pause"}
      </button>
      <button type="button" title="Clear all requests (x)" onClick={actions.clear}>
        Clear
      </button>
      <Compare />
    </>
  );
}

/** Where there is room for one line alone: the filter and all controls, in a menu. */
function MoreActs({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        class="more-acts"
        aria-label="Filter and controls"
        aria-expanded={open}
        popovertarget="more-acts"
      >
        ⋯
      </button>
      <div
        id="more-acts"
        popover="auto"
        role="group"
        aria-label="Filter and controls"
        onToggle={(event) => {
          setOpen(event.newState === "open");
        }}
      >
        {children}
      </div>
    </>
  );
}

/** Of the selected request with the last one like it; again, it ends. */
function Compare(): JSX.Element {
  const { compared, selected } = state.value;
  return (
    <button
      type="button"
      class="on"
      aria-pressed={compared !== null}
      title="Compare with the last one like this (c)"
      disabled={compared === null && selected === null}
      onClick={compared === null ? actions.compare : actions.endComparing}
    >
      Compare <kbd aria-hidden="true">c</kbd>
    </button>
  );
}

const Share = lazy("Share", () => import("./Share"));

/** Banners above the panel. */
function Banners(): JSX.Element {
  const { selected, notice, process, history } = state.value;
  const imported = importedOf(state.value, selected);
  return (
    <>
      {process?.several === true && process.shared === false ? (
        <p class="banner" role="note">
          Only requests of process {process.pid} are shown: the server has others, which would share theirs by
          the history, and {history === null ? "LIFECYCLE_HISTORY is None." : "that cannot be used."}
        </p>
      ) : null}
      {imported === undefined ? null : (
        <p class="banner" role="note">
          Imported from <bdi>{imported.file}</bdi>: it may come from another app, or another version of this
          one.
        </p>
      )}
      {history?.problem == null ? null : (
        <p class="banner" role="note">
          <bdi>{history.problem}</bdi>
        </p>
      )}
      {notice === null ? null : (
        <p class="banner wrong" role="alert">
          <bdi>{notice}</bdi>{" "}
          <button
            type="button"
            aria-label="Close"
            onClick={() => {
              actions.notice(null);
            }}
          >
            ✕
          </button>
        </p>
      )}
    </>
  );
}

function Theme(): JSX.Element {
  const { style } = document.documentElement;
  const [theme, setTheme] = useState(
    style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
  );
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      aria-label={`Switch to the ${other} theme`}
      onClick={() => {
        style.colorScheme = other;
        writePreference("theme", other);
        setTheme(other);
      }}
    >
      {theme === "dark" ? "☀" : "☾"}
    </button>
  );
}
