/** Save recording: of which requests, and as what. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Trace, TraceSummary } from "../api/types";
import { actions } from "../state/actions";
import type { Kind } from "../state/files";
import { state, visible } from "../state/store";
import { plural } from "../trace/format";
import { Act } from "./Act";
import { download } from "./download";
import { fileName } from "./names";

const SCOPES = ["this", "picked", "listed"] as const;
type Scope = (typeof SCOPES)[number];

interface SaveProps {
  readonly trace: Trace | null;
  /** Run an action, and show its result. */
  readonly act: (what: () => Promise<string>) => void;
}

export function Save({ trace, act }: SaveProps): JSX.Element | null {
  const listed = visible.value;
  const [chosen, setScope] = useState<Scope>("this");
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const scope = chosen === "this" && trace === null ? "listed" : chosen;
  const ids: Readonly<Record<Scope, readonly string[]>> = {
    this: trace === null ? [] : [trace.id],
    picked: listed.filter(({ id }) => picked.has(id)).map(({ id }) => id),
    listed: listed.map(({ id }) => id),
  };
  const save = (kind: Kind) => (): void => {
    act(async () => {
      const found = await actions.record(ids[scope], kind);
      if (typeof found === "string") throw new Error(found);
      const name = ids[scope].length === 1 ? fileName(trace) : `${ids[scope].length}-requests`;
      download(`${name}.${kind}`, found);
      return `Recording of ${plural(ids[scope].length, "request")} saved`;
    });
  };
  if (trace === null && listed.length === 0) return null;
  const names: Readonly<Record<Scope, string>> = {
    this: "this request",
    picked: "selected ones",
    listed: `all ${listed.length} listed`,
  };
  const none = ids[scope].length === 0;
  return (
    <section class="save" aria-label="Save recording">
      <h2>Save recording</h2>
      <Scopes names={names} scope={scope} without={trace === null ? "this" : null} onPick={setScope} />
      {scope === "picked" ? <Picks listed={listed} picked={picked} onPick={setPicked} /> : null}
      {state.value.recorded === null ? (
        <Act title="HTML" says="one file for any browser, without a server" off={none} onAct={save("html")} />
      ) : null}
      <Act title="JSON" says="for the panel, Python and tests" off={none} onAct={save("json")} />
    </section>
  );
}

interface ScopesProps {
  readonly names: Readonly<Record<Scope, string>>;
  readonly scope: Scope;
  /** The one that there is nothing of. */
  readonly without: Scope | null;
  readonly onPick: (scope: Scope) => void;
}

function Scopes({ names, scope, without, onPick }: ScopesProps): JSX.Element {
  return (
    <fieldset class="scopes">
      <legend class="unseen">Requests to save</legend>
      {SCOPES.filter((each) => each !== without).map((each) => (
        <label key={each}>
          <input
            type="radio"
            name="scope"
            checked={each === scope}
            onChange={() => {
              onPick(each);
            }}
          />{" "}
          {names[each]}
        </label>
      ))}
    </fieldset>
  );
}

interface PicksProps {
  readonly listed: readonly TraceSummary[];
  readonly picked: ReadonlySet<string>;
  readonly onPick: (picked: ReadonlySet<string>) => void;
}

function Picks({ listed, picked, onPick }: PicksProps): JSX.Element {
  return (
    <ul class="picks" aria-label="Listed requests">
      {listed.map(({ id, method, path, status }) => (
        <li key={id}>
          <label>
            <input
              type="checkbox"
              checked={picked.has(id)}
              onChange={() => {
                const next = new Set(picked);
                if (!next.delete(id)) next.add(id);
                onPick(next);
              }}
            />{" "}
            {method} <bdi>{path.slice(0, 200)}</bdi> <span>{status ?? ""}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}
