import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import shareStyles from "../styles/share.css?inline";
import { adopt } from "../components/adopt";
import { pngOf, svgOf } from "../diagram/picture";
import { curl } from "../trace/curl";
import { download } from "./download";
import { current, importedOf, lacksSteps, visibleTraces } from "../state/request";
import { actions } from "../state/actions";
import { state } from "../state/store";
import type { Json, Trace } from "../api/types";
import { DIAGRAM } from "../state/viewNames";

adopt(shareStyles);

const AT_ONCE = 500;
const FRAMES = 120;

/** What can be taken along, and what can be brought. */
export default function Share({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const [done, setDone] = useState("");
  useEffect(() => {
    box.current?.showPopover();
  }, []);
  const trace = current(state.value);
  const imported = importedOf(state.value, trace?.id ?? null);
  const several = visibleTraces(state.value).slice(0, AT_ONCE);
  const name =
    trace === null ? "" : `${trace.method} ${trace.path}`.replaceAll(/[^\w.-]+/g, "-").slice(0, 60);

  const act = (what: () => Promise<string> | string): void => {
    void Promise.resolve()
      .then(what)
      .then(setDone, (error: unknown) => {
        actions.notice(error instanceof Error ? error.message : String(error));
      });
  };
  const save = (ending: string, content: string | Blob, type: string): string => {
    download(`${name === "" ? "requests" : name}.${ending}`, content, type);
    return `${ending.toUpperCase()} saved`;
  };
  const har = async (path: string, body?: Json): Promise<string> => {
    return save(
      "har",
      JSON.stringify(found(await actions.ask<Json>(path, body)), null, 1),
      "application/json",
    );
  };

  return (
    <div
      ref={box}
      popover="auto"
      class="share"
      role="dialog"
      aria-label="Share"
      onToggle={(event) => {
        if (event.newState === "closed") onClose();
      }}
    >
      {trace === null ? null : (
        <section>
          <h2>This request</h2>
          {imported === undefined ? (
            <Act
              title="Copy link"
              says="to this request, step, filter and view"
              onAct={() => {
                act(() => copied(link(trace.id), "Link copied"));
              }}
            />
          ) : null}
          <Act
            title="Copy as cURL"
            says="what was masked is left out"
            onAct={() => {
              act(() => copied(curl(trace, location.origin), "Command copied"));
            }}
          />
          <Act
            title="JSON"
            says="all that was recorded; the panel opens it again"
            onAct={() => {
              act(async () =>
                save(
                  "json",
                  JSON.stringify(imported?.whole ?? (await whole(trace)), null, 1),
                  "application/json",
                ),
              );
            }}
          />
          {imported === undefined ? (
            <Act
              title="HAR"
              says="for the network tools of browsers"
              onAct={() => {
                act(() => har(`api/traces/${encodeURIComponent(trace.id)}.har`));
              }}
            />
          ) : null}
        </section>
      )}
      {trace === null ? null : (
        <section>
          <h2>The diagram</h2>
          <Act
            title="SVG"
            says="stands alone, with its styles"
            onAct={() => {
              act(async () => save("svg", svgOf(await diagram()), "image/svg+xml"));
            }}
          />
          <Act
            title="PNG"
            says="twice as fine as on the page"
            onAct={() => {
              act(async () => save("png", await pngOf(await diagram()), "image/png"));
            }}
          />
          <Act
            title="Print"
            says="the diagram alone, on white"
            onAct={() => {
              act(async () => {
                await diagram();
                box.current?.hidePopover();
                print();
                return "";
              });
            }}
          />
        </section>
      )}
      <section>
        <h2>More</h2>
        {several.length === 0 ? null : (
          <Act
            title={`HAR of ${several.length}`}
            says={
              state.value.imported.length === 0
                ? "of all that the list shows"
                : "of all that the list shows, but for what was imported"
            }
            onAct={() => {
              act(() => har("api/traces.har", { ids: several.map((each) => each.id) }));
            }}
          />
        )}
        <Act
          title="Open a JSON…"
          says="or drop files on the page"
          onAct={() => {
            file.current?.click();
          }}
        />
        <input
          ref={file}
          type="file"
          accept=".json,application/json"
          multiple
          hidden
          aria-label="A request's JSON"
          onChange={(event) => {
            const chosen = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = "";
            if (chosen.length > 0)
              void actions.open(chosen).then(() => {
                box.current?.hidePopover();
              });
          }}
        />
      </section>
      <p class="done" role="status">
        {done}
      </p>
    </div>
  );
}

function Act({
  title,
  says,
  onAct,
}: {
  readonly title: string;
  readonly says: string;
  readonly onAct: () => void;
}): JSX.Element {
  return (
    <button type="button" class="act" onClick={onAct}>
      <b>
        <bdi>{title}</bdi>
      </b>{" "}
      <span>{says}</span>
    </button>
  );
}

function link(id: string): string {
  const url = new URL(location.href);
  url.hash = `${id}${state.value.step === null ? "" : `/${state.value.step}`}`;
  return url.href;
}

async function copied(text: string, says: string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    throw new Error(`This browser lets the page copy nothing here: ${text}`);
  }
  return says;
}

/** A request with all its steps, though some may not have come yet. */
async function whole(trace: Trace): Promise<Trace> {
  return lacksSteps(state.value) === trace.id
    ? found(await actions.ask<Trace>(`api/traces/${encodeURIComponent(trace.id)}`))
    : trace;
}

function found<T>(answer: T | null): T {
  if (answer === null) throw new Error("The server no longer keeps this request, or does not answer.");
  return answer;
}

/** Go to the diagram, and wait until it is drawn. */
async function diagram(): Promise<SVGSVGElement> {
  actions.view(DIAGRAM);
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const shown = document.querySelector<SVGSVGElement>(`[data-view="${DIAGRAM}"] svg.diagram`);
    if (shown !== null) return shown;
    await new Promise((resolve) => {
      requestAnimationFrame(resolve);
    });
  }
  throw new Error("There is no diagram to be taken along.");
}
