import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { arrived } from "../state/selection";
import { importedOf } from "../state/request";
import { actions } from "../state/actions";
import { writePreference } from "../state/preferences";
import type { State } from "../state/state";
import { state } from "../state/store";
import { lazy } from "../components/lazy";
import { Field } from "../list/Field";

const SAYS: Record<State["connection"], string> = {
  connecting: "connecting…",
  live: "live",
  polling: "polling: no websocket here",
  lost: "connection lost, reconnecting…",
};

export function Top(): JSX.Element {
  const { connection, paused, follow, keep } = state.value;
  return (
    <header>
      <div class="top">
        <span class="brand">
          <b>flask</b>-lifecycle
        </span>
        <span class={`live ${connection}`} role="status">
          <i />
          {SAYS[connection]}
        </span>
        <Field />
        <nav class="acts" aria-label="Recording">
          <button type="button" aria-pressed={follow} onClick={actions.follow}>
            Follow
          </button>
          <button type="button" aria-pressed={paused} onClick={actions.pause}>
            {paused ? `Resume${arrived(state.value) > 0 ? ` (${arrived(state.value)})` : ""}` : "Pause"}
          </button>
          <button type="button" title="Clear all requests (x)" onClick={actions.clear}>
            Clear
          </button>
          <button
            type="button"
            aria-pressed={keep}
            title="Keep requests in the list when the app restarts"
            onClick={() => {
              actions.keep(!keep);
            }}
          >
            Preserve log
          </button>
          <Share />
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
      </div>
      <Banners />
    </header>
  );
}

const Menu = lazy("Share", () => import("./Share"));

function Share(): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => {
          setOpen(true);
        }}
      >
        Share
      </button>
      {open ? (
        <Menu
          onClose={() => {
            setOpen(false);
          }}
        />
      ) : null}
    </>
  );
}

/** Banners above the panel. */
function Banners(): JSX.Element {
  const { selected, notice, process } = state.value;
  const imported = importedOf(state.value, selected);
  return (
    <>
      {process?.several === true ? (
        <p class="banner" role="note">
          Process {process.pid} only: the server has others, whose requests are not shown here.
        </p>
      ) : null}
      {imported === undefined ? null : (
        <p class="banner" role="note">
          Imported from <bdi>{imported.file}</bdi>: it may come from another app or another version of it.
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
