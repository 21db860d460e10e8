import type { JSX } from "preact";

import { size, websocketOf } from "../trace/format";
import { current, find, isFromFile } from "../state/request";
import { state } from "../state/store";
import type { Json, Step, Trace } from "../api/types";
import { Bodies } from "./Bodies";
import { Added, Block, isObject, Pairs, pairsOf, type Pair } from "../components/Message";

/** The response. */
export default function Response(): JSX.Element | null {
  const trace = current(state.value);
  if (trace === null) return null;
  return (
    <div class="message" tabIndex={0} role="region" aria-label="Response">
      <Answer trace={trace} />
    </div>
  );
}

function Answer({ trace }: { readonly trace: Trace }): JSX.Element {
  const starts = trace.steps.filter((step) => step.stage === "start_response");
  const response = starts.at(-1)?.detail["response"];
  const upgraded = websocketOf(trace.steps[0], trace.duration ?? 0);
  if (upgraded !== null)
    return (
      <p class="line-one">
        <b class="s1">101 Switching Protocols</b>{" "}
        <span class="k">the connection became a websocket: {upgraded}</span>
      </p>
    );
  if (!isObject(response)) return <p class="none">{unanswered(trace)}</p>;
  const absent = find(state.value, trace.id)?.toolbar ?? null;
  return (
    <>
      {absent === null ? null : <p>The toolbar is not on this page: {absent}.</p>}
      {starts.length > 1 ? <p>start_response was called {starts.length} times; this is the last.</p> : null}
      <Content trace={trace} headers={pairsOf(response["headers"])} added={starts.at(-1)?.detail["added"]} />
    </>
  );
}

function unanswered({ state, error }: Trace): string {
  if (state === "running") return "There is no response yet.";
  if (error === null) return "There is no response: start_response was not called.";
  return `The app sent no response: ${error.type} propagated to the server, which answered 500.`;
}

interface ContentProps {
  readonly trace: Trace;
  readonly headers: readonly Pair[];
  readonly added: Json | undefined;
}

function Content({ trace, headers, added }: ContentProps): JSX.Element {
  const body = trace.steps.find((step) => step.stage === "body");
  const cookies = headers.filter(([name]) => name.toLowerCase() === "set-cookie");
  const tag = isObject(added) && typeof added["bytes"] === "number" ? added["bytes"] : 0;
  const preview = body?.detail["preview"];
  const isImported = isFromFile(state.value, trace.id);
  return (
    <div class="columns">
      <div>
        <Pairs title="Body" pairs={facts(body, headers, tag)} none="None was sent." />
        {typeof preview === "string" ? <Block title="Body, its beginning" text={readable(preview)} /> : null}
        {typeof preview === "string" || isImported || body === undefined ? null : <Bodies />}
        <Pairs title="Cookies set" pairs={cookies.map(([, value]) => split(value))} none="None." />
      </div>
      <div>
        <Pairs
          title="Headers"
          pairs={headers.filter((pair) => !cookies.includes(pair))}
          none="None were set."
        />
        <Added trace={trace} />
      </div>
    </div>
  );
}

/** JSON laid out; any other text, and JSON that was cut, as it is. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function facts(body: Step | undefined, headers: readonly Pair[], tag: number): readonly Pair[] {
  if (body === undefined) return [];
  const { bytes, chunks, streamed } = body.detail;
  const type = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const pairs: Pair[] = [];
  if (type !== undefined) pairs.push(["type", type]);
  if (typeof bytes === "number" && typeof chunks === "number")
    pairs.push(
      ["size", `${size(Math.max(0, bytes - tag))} in ${chunks} ${chunks === 1 ? "chunk" : "chunks"}`],
      [
        "streamed",
        streamed === true ? "yes, generated while it was sent" : "no, complete before it was sent",
      ],
    );
  else pairs.push(["size", "sent by the server itself (wsgi.file_wrapper)"]);
  return pairs;
}

/** A Set-Cookie: its name, and the rest. */
function split(value: Json): Pair {
  const [, name = "", rest = ""] = /^([^=]*)=(.*)$/s.exec(String(value)) ?? [];
  return [name, rest];
}
