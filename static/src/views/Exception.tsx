import type { JSX } from "preact";
import { useState } from "preact/hooks";

import collectedStyles from "../styles/collected.css?inline";
import { adopt } from "../components/adopt";
import { current } from "../state/request";
import { state } from "../state/store";
import type { Json } from "../api/types";
import { Who } from "./Changes";
import { inOneLine, isOf, placeOf } from "../trace/details";
import { Pairs } from "../components/Message";
import { Open } from "../components/Source";

adopt(collectedStyles);

type Told = { readonly [key: string]: Json };

const AS: Readonly<Record<string, string>> = {
  cause: "It was the direct cause of the above:",
  context: "It was being handled when the above was raised:",
  member: "Members of the group:",
};

/** The exception: its frames with their locals, its causes, and the handler that handled it. */
export default function Exception(): JSX.Element | null {
  const trace = current(state.value);
  if (trace === null) return null;
  const raised = trace.steps.filter((step) => isOf(step.detail["exception"]));
  return (
    <div class="message collected" tabIndex={0} role="region" aria-label="Exceptions">
      {raised.length === 0 ? <p class="none">No exception reached Flask.</p> : null}
      {raised.map((step) => (
        <section key={step.id} data-step={step.id}>
          <p class="given">
            <span class="k">raised in</span> <Who step={step} />
          </p>
          <Raised told={step.detail["exception"] as Told} />
          <Handlers told={(step.detail["exception"] as Told)["handlers"]} />
        </section>
      ))}
    </div>
  );
}

function Raised({ told }: { readonly told: Told }): JSX.Element {
  const frames = list(told["frames"]);
  const cut = Number(told["cut_frames"]);
  return (
    <>
      <h2 class="raised-title">
        <bdi>{inOneLine({ type: told["type"] ?? "", message: told["message"] ?? "" })}</bdi>
      </h2>
      {list(told["notes"]).map((note, index) => (
        <p key={index} class="given">
          <bdi>{String(note)}</bdi>
        </p>
      ))}
      <ol class="frames">
        {frames.map((frame, index) =>
          isOf(frame) ? (
            <Frame
              key={index}
              frame={frame}
              last={index === frames.length - 1}
              cut={index === 9 && cut > 0 ? cut : 0}
            />
          ) : null,
        )}
      </ol>
      {list(told["others"]).map((other, index) =>
        isOf(other) ? (
          <section key={index} class="other">
            <p class="k">{AS[String(other["as"])]}</p>
            <Raised told={other} />
          </section>
        ) : null,
      )}
    </>
  );
}

function Frame({
  frame,
  last,
  cut,
}: {
  readonly frame: Told;
  readonly last: boolean;
  readonly cut: number;
}): JSX.Element {
  const own = frame["own"] === true;
  const [open, setOpen] = useState(own || last);
  const place = placeOf(frame);
  const lines = list(frame["lines"]);
  const first = Number(frame["first"]);
  const locals = isOf(frame["locals"]) ? Object.entries(frame["locals"]) : [];
  return (
    <li class={own ? "frame own" : "frame"}>
      <p class="by">
        {lines.length + locals.length === 0 ? null : (
          <button
            type="button"
            class="link"
            aria-expanded={open}
            onClick={() => {
              setOpen(!open);
            }}
          >
            {open ? "−" : "+"}
            <span class="unseen"> code and locals of {String(frame["function"])}</span>
          </button>
        )}
        <code>
          <bdi>{String(frame["function"])}</bdi>
        </code>
        {place === null ? null : <Open source={place} />}
      </p>
      {open && lines.length > 0 ? (
        <pre class="source" tabIndex={0} aria-label={`Code of ${String(frame["function"])}`}>
          {lines.map((line, index) => (
            <span
              key={index}
              class={first + index === place?.line ? "line called" : "line"}
              data-line={first + index}
            >
              {String(line)}
              {"\n"}
            </span>
          ))}
        </pre>
      ) : null}
      {open ? <Pairs title="Locals" pairs={locals} /> : null}
      {cut > 0 ? <p class="more">{cut} frames more</p> : null}
    </li>
  );
}

function Handlers({ told }: { readonly told: Json | undefined }): JSX.Element | null {
  const handlers = list(told).filter(isOf);
  if (handlers.length === 0)
    return (
      <p class="given k">
        {told === null ? "No error handler was looked up." : "The app has no error handlers."}
      </p>
    );
  return (
    <section class="part">
      <h2>Error handlers, in the order in which Flask looks them up</h2>
      <table class="pairs">
        <tbody>
          {handlers.map((each, index) => {
            const place = placeOf(each["source"]);
            const callable = String(each["callable"]);
            return (
              <tr key={index} class={each["taken"] === true ? "taken" : undefined}>
                <th scope="row">
                  <bdi title={callable}>{callable.split(/[:.]/).at(-1)}</bdi>{" "}
                  <span class="k">
                    for {String(each["for"])} of {String(each["scope"])}
                  </span>
                </th>
                <td>
                  {each["taken"] === true ? (
                    <b class="took-it">took it</b>
                  ) : (
                    <>passed over: {String(each["why"])}</>
                  )}{" "}
                  {place === null ? null : <Open source={place} />}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
