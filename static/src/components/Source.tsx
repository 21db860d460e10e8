import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { actions } from "../state/actions";
import { state } from "../state/store";
import type { Source as Place, SourceLines } from "../api/types";
import { Lines } from "./Lines";
import { chooseEditor, editor, editorLink, EDITORS } from "./editor";

interface SourceProps {
  readonly path: string;
  /** The line that ran, if the server does not say. */
  readonly lineOf?: (found: SourceLines) => number | null;
  /** Whether to show where it is, which only the server knows. */
  readonly opens?: boolean;
  /** Why there is none. */
  readonly absent?: string;
}

const ABSENT = "The source is not available: the file is missing or is not Python code.";

/** Code as highlighted by the server; the line that ran is marked, and scrolled to. */
export function Source({ path, lineOf, opens = false, absent = ABSENT }: SourceProps): JSX.Element {
  const [found, setFound] = useState<SourceLines | null | undefined>(undefined);
  const box = useRef<HTMLPreElement>(null);
  useEffect(() => {
    let wanted = true;
    setFound(undefined);
    void actions.ask<SourceLines>(path).then((lines) => {
      if (wanted) setFound(lines);
    });
    return () => {
      wanted = false;
    };
  }, [path]);
  useEffect(() => {
    const [pre, line] = [box.current, box.current?.querySelector<HTMLElement>(".called")];
    if (pre && line) pre.scrollTop = line.offsetTop - pre.clientHeight / 2;
  }, [found]);
  if (found === undefined) return <p class="source-says">…</p>;
  if (found === null) return <p class="source-says">{absent}</p>;
  const at = found.at ?? lineOf?.(found) ?? null;
  return (
    <>
      {found.changed ? (
        <p class="source-says warn">
          The file has changed since the app loaded it: other lines may have run.
        </p>
      ) : null}
      {!opens || found.at === undefined ? null : (
        <p class="source-says">
          <Open source={{ file: found.file, line: found.at }} />
        </p>
      )}
      <pre ref={box} class="source" aria-label={`Source, from line ${found.line}`} tabIndex={0}>
        <Lines lines={found.lines} first={found.line} marked={at} />
      </pre>
    </>
  );
}

/** A source location: its path, and a link that opens it in the chosen editor. */
export function Open({ source }: { readonly source: Place }): JSX.Element {
  // The files of a recording are another machine's.
  const link = state.value.recorded === null ? editorLink(source) : null;
  const place = `${source.file}:${source.line}`;
  const name = source.file.split(/[\\/]/).slice(-2).join("/");
  const shown = (
    <>
      <bdi>{name}</bdi>:{source.line}
    </>
  );
  return link === null ? (
    <code class="place" title={place}>
      {shown}
    </code>
  ) : (
    <a class="place" href={link} title={`Open ${place}`}>
      {shown}
    </a>
  );
}

/** The choice of the editor for these links. */
export function Editor(): JSX.Element | null {
  if (state.value.recorded !== null) return null;
  return (
    <label class="editor">
      opens in{" "}
      <select
        value={editor.value}
        onChange={(event) => {
          chooseEditor(event.currentTarget.value);
        }}
      >
        {Object.keys(EDITORS).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
