import type { JSX } from "preact";

import { size } from "../trace/format";
import { current, isFromFile } from "../state/request";
import { actions } from "../state/actions";
import { state } from "../state/store";
import type { Json, Trace } from "../api/types";
import { Bodies } from "./Bodies";
import { Block, isObject, Pairs, pairsOf, type Pair } from "../components/Message";

const NOT_YET = "not parsed yet.";
const NOT_PARSED = "not parsed by the app, so it was not read.";

/** The request, as far as the app read it. */
export default function Request(): JSX.Element | null {
  const trace = current(state.value);
  if (trace === null) return null;
  const request = trace.steps[0]?.detail["request"];
  if (!isObject(request))
    return (
      <div class="message" tabIndex={0} role="region" aria-label="Request">
        <p class="none">Nothing of this request was recorded.</p>
      </div>
    );
  const match = trace.steps.find((step) => step.stage === "url_match");
  const url = text(request["url"]);
  const opened = trace.steps.find((step) => step.stage === "session_open")?.detail["session"];
  const args = Object.entries(isObject(match?.detail["view_args"]) ? match.detail["view_args"] : {});
  const about: Pair[] = [
    ["protocol", text(request["protocol"])],
    ["client", text(request["client"])],
  ];
  if (trace.endpoint !== null) about.push(["rule", trace.url_rule ?? ""], ["endpoint", trace.endpoint]);
  return (
    <div class="message" tabIndex={0} role="region" aria-label="Request">
      <p class="line-one">
        <b>{trace.method}</b> <bdi>{url}</bdi>
      </p>
      {trace.parent === null ? null : (
        <p>
          Made inside{" "}
          <button
            type="button"
            class="link"
            onClick={() => {
              actions.select(trace.parent ?? "");
            }}
          >
            another request
          </button>
          .
        </p>
      )}
      <div class="columns">
        <div>
          <Pairs title="Query" pairs={query(trace.query)} none="The URL has no query." />
          <Pairs title="View arguments" pairs={args} />
          <Body trace={trace} request={request} />
          <Pairs title="Connection" pairs={about} />
        </div>
        <div>
          <Pairs title="Headers" pairs={pairsOf(request["headers"])} none="None were sent." />
          <Pairs title="Cookies" pairs={pairsOf(request["cookies"])} none="None were sent." />
          <Pairs title="Session when it was opened" pairs={Object.entries(isObject(opened) ? opened : {})} />
        </div>
      </div>
    </div>
  );
}

function Body({
  trace,
  request,
}: {
  readonly trace: Trace;
  readonly request: { readonly [key: string]: Json };
}): JSX.Element | null {
  const header = (name: string): string =>
    text(pairsOf(request["headers"]).find(([each]) => each === name)?.[1]);
  const { form, files, json, preview } = request;
  const parsed = form !== undefined || json !== undefined;
  const sent = header("Content-Length") !== "" || header("Transfer-Encoding") !== "";
  const length = header("Content-Length");
  const isImported = isFromFile(state.value, trace.id);
  const kind = `${header("Content-Type") || "no type"}${length === "" ? "" : `, ${size(Number(length))}`}`;
  return (
    <>
      {form === undefined ? null : <Pairs title="Form" pairs={pairsOf(form)} none="The form was empty." />}
      <Pairs title="Files" pairs={pairsOf(files).map((file) => [file[0], describe(file)])} />
      {json === undefined ? null : <Block title="JSON" text={JSON.stringify(json, null, 2)} />}
      {typeof preview === "string" ? <Block title="Body" text={preview} /> : null}
      {sent && !parsed ? (
        <Pairs
          title="Body"
          pairs={[]}
          none={`${kind}: ${trace.state === "running" ? NOT_YET : NOT_PARSED}`}
        />
      ) : null}
      {sent && !parsed && typeof preview !== "string" && !isImported ? <Bodies /> : null}
    </>
  );
}

function describe(file: readonly Json[]): string {
  return [file[1], file[2]].filter((each) => typeof each === "string" && each !== "").join(", ");
}

function query(text: string): readonly Pair[] {
  return [...new URLSearchParams(text)];
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
