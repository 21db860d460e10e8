import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { curl, download } from "../share";
import { arrived, current, type Connection } from "../state";
import { actions, state } from "../store";

const SAYS: Record<Connection, string> = {
  connecting: "connecting…",
  live: "live",
  polling: "polling: no websocket here",
  lost: "connection lost, reconnecting…",
};

export function Top(): JSX.Element {
  const { connection, paused, follow, evicted, skipped, map, process } = state.value;
  return (
    <>
    <header class="top">
      <span class="brand"><b>flask</b>-lifecycle</span>
      <span class={`live ${connection}`} role="status"><i />{SAYS[connection]}</span>
      <span class="about">
        {map === null ? "" : `${map.name} · Flask ${map.versions["flask"] ?? ""} · process ${(process ?? map.process).pid.toString()}`}
        {evicted > 0 ? ` · ${evicted.toString()} requests evicted` : ""}
        {skipped > 0 ? ` · skipped ${skipped.toString()} updates` : ""}
      </span>
      <nav class="acts" aria-label="Recording">
        <button type="button" aria-pressed={follow} class={follow ? "on" : ""} onClick={actions.follow}>Follow</button>
        <button type="button" aria-pressed={paused} class={paused ? "on" : ""} onClick={actions.pause}>
          {paused ? `Go on${arrived(state.value) > 0 ? ` (${arrived(state.value).toString()})` : ""}` : "Pause"}
        </button>
        <button type="button" onClick={actions.clear}>Clear</button>
        <Share />
        <button type="button" aria-label="Keys" title="Keys (?)" onClick={() => { actions.help(true); }}>?</button>
        <Theme />
      </nav>
    </header>
    {process?.several === true ? (
      <p class="banner" role="note">
        Process {process.pid} only: the server has others, and what they answer is not shown here.
      </p>
    ) : null}
    </>
  );
}

function Share(): JSX.Element | null {
  const trace = current(state.value);
  const [copied, setCopied] = useState(false);
  if (trace === null) return null;
  return (
    <>
      <button
        type="button"
        title="Copy a curl command for this request"
        onClick={() => {
          void navigator.clipboard.writeText(curl(trace, location.origin)).then(() => {
            setCopied(true);
            setTimeout(() => { setCopied(false); }, 1500);
          });
        }}
      >
        {copied ? "Copied" : "cURL"}
      </button>
      <button type="button" title="Download this request" onClick={() => { download(`${trace.id}.json`, JSON.stringify(trace, null, 1)); }}>JSON</button>
    </>
  );
}

function Theme(): JSX.Element {
  const [theme, setTheme] = useState(document.documentElement.dataset["theme"] ?? "light");
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      aria-label={`Change to the ${other} theme`}
      onClick={() => {
        document.documentElement.dataset["theme"] = other;
        localStorage.setItem("lifecycle-theme", other);
        setTheme(other);
      }}
    >
      {theme === "dark" ? "☀" : "☾"}
    </button>
  );
}
