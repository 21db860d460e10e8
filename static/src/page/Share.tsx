import { plural } from "../trace/format";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import shareStyles from "../styles/share.css?inline";
import { adopt } from "../components/adopt";
import { animatedGif, animatedSvg } from "../diagram/filming";
import { pngOf, svgOf } from "../diagram/picture";
import { curl, originOf } from "../trace/curl";
import { Act } from "./Act";
import { download } from "./download";
import { fileName } from "./names";
import { Save } from "./Save";
import { appOf, current, isFromFile, lacksSteps } from "../state/request";
import { actions } from "../state/actions";
import { tree } from "../state/place";
import { whyNotSent } from "../state/sending";
import { state, visible } from "../state/store";
import type { Json, Trace } from "../api/types";
import { DIAGRAM } from "../state/viewNames";

adopt(shareStyles);

const AT_ONCE = 500;
const FRAMES = 120;

/** The Share menu: exports and imports. */
export default function Share({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [done, setDone] = useState("");
  useEffect(() => {
    box.current?.showPopover();
  }, []);
  const trace = current(state.value);
  const act = (what: () => Promise<string> | string): void => {
    void Promise.resolve()
      .then(what)
      .then(setDone, (error: unknown) => {
        actions.notice(error instanceof Error ? error.message : String(error));
      });
  };
  const close = (): void => {
    box.current?.hidePopover();
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
      {trace === null ? null : <ThisRequest trace={trace} act={act} />}
      {trace?.state === "done" && (state.value.recorded === null || state.value.traces.length > 1) ? (
        <Comparing trace={trace} act={act} close={close} />
      ) : null}
      <Save trace={trace} act={act} />
      {trace === null ? null : <ThisDiagram name={fileName(trace)} act={act} close={close} />}
      {trace?.state === "done" ? <ThisReplay trace={trace} act={act} onProgress={setDone} /> : null}
      {state.value.recorded === null ? (
        <section>
          <h2>More</h2>
          <AllListed name={fileName(trace)} act={act} />
          <OpenFile close={close} />
        </section>
      ) : null}
      <p class="done" role="status">
        {done}
      </p>
    </div>
  );
}

/** Run an action, and show its result. */
type Do = (what: () => Promise<string> | string) => void;

interface RequestProps {
  readonly trace: Trace;
  readonly act: Do;
}

function ThisRequest({ trace, act }: RequestProps): JSX.Element {
  const isRecorded = isFromFile(state.value, trace.id);
  const name = fileName(trace);
  return (
    <section>
      <h2>This request</h2>
      {isRecorded ? null : (
        <Act
          title="Copy link"
          says="to this request, step, filter and view"
          onAct={() => {
            act(() => copied(link(trace.id), "Link copied"));
          }}
        />
      )}
      <Act
        title="Copy as cURL"
        says="without redacted values"
        onAct={() => {
          act(() => copied(curl(trace, isRecorded ? originOf(trace) : location.origin), "Command copied"));
        }}
      />
      {isRecorded ? null : (
        <Act
          title="HAR"
          says="for the network tools of browsers"
          onAct={() => {
            act(() => har(name, `api/traces/${encodeURIComponent(trace.id)}.har`));
          }}
        />
      )}
    </section>
  );
}

interface ComparingProps extends RequestProps {
  readonly close: () => void;
}

/** With the last one like it, or with what the app answers now. */
function Comparing({ trace, act, close }: ComparingProps): JSX.Element {
  const why = whyNotSent(trace);
  return (
    <section>
      <h2>Compare</h2>
      <Act
        title="Compare"
        says="with the last one like this, of an earlier run of the app if there is one"
        onAct={() => {
          close();
          actions.compare();
        }}
      />
      {isFromFile(state.value, trace.id) ? null : why === null ? (
        <Act
          title="Send again"
          says="from this page, with the browser’s own cookies, and compare"
          onAct={() => {
            act(async () => {
              await actions.sendAgain(trace.id);
              close();
              return "";
            });
          }}
        />
      ) : (
        <p class="why">{why}.</p>
      )}
    </section>
  );
}

interface DiagramProps {
  readonly name: string;
  readonly act: Do;
  readonly close: () => void;
}

function ThisDiagram({ name, act, close }: DiagramProps): JSX.Element {
  return (
    <section>
      <h2>The diagram</h2>
      <Act
        title="SVG"
        says="standalone, with styles"
        onAct={() => {
          act(async () => save(name, "svg", svgOf(await diagram()), "image/svg+xml"));
        }}
      />
      <Act
        title="PNG"
        says="at double resolution"
        onAct={() => {
          act(async () => save(name, "png", await pngOf(await diagram()), "image/png"));
        }}
      />
      <Act
        title="Print"
        says="the diagram alone, on white"
        onAct={() => {
          act(async () => {
            await diagram();
            close();
            print();
            return "";
          });
        }}
      />
    </section>
  );
}

interface ReplayProps {
  readonly trace: Trace;
  readonly act: Do;
  readonly onProgress: (says: string) => void;
}

/** Files that play by themselves. */
function ThisReplay({ trace, act, onProgress }: ReplayProps): JSX.Element {
  const name = fileName(trace);
  const map = appOf(state.value, trace.id);
  return (
    <section>
      <h2>The replay</h2>
      <Act
        title="Animated SVG"
        says="one file that plays in a README or a page, without a script"
        onAct={() => {
          act(async () => save(name, "svg", animatedSvg(await whole(trace), map), "image/svg+xml"));
        }}
      />
      <Act
        title="GIF"
        says="for slides"
        onAct={() => {
          act(async () => {
            const progress = (share: number): void => {
              onProgress(`GIF: ${Math.round(share * 100)}%`);
            };
            return save(name, "gif", await animatedGif(await whole(trace), map, progress), "image/gif");
          });
        }}
      />
    </section>
  );
}

interface AllProps {
  readonly name: string;
  readonly act: Do;
}

function AllListed({ name, act }: AllProps): JSX.Element | null {
  const several = visible.value.slice(0, AT_ONCE);
  if (several.length === 0) return null;
  const but = state.value.imported.length === 0 ? "" : ", without imported ones";
  return (
    <Act
      title={`HAR of ${plural(several.length, "request")}`}
      says={`every request that the list shows${but}`}
      onAct={() => {
        act(() => har(name, "api/traces.har", { ids: several.map((each) => each.id) }));
      }}
    />
  );
}

function OpenFile({ close }: { readonly close: () => void }): JSX.Element {
  const file = useRef<HTMLInputElement>(null);
  return (
    <>
      <Act
        title="Open a recording…"
        says="or drop files on the page"
        onAct={() => {
          file.current?.click();
        }}
      />
      <input
        ref={file}
        type="file"
        accept=".json,.html,.htm,.gz"
        multiple
        hidden
        aria-label="Files with recordings"
        onChange={(event) => {
          const chosen = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          if (chosen.length > 0) void actions.open(chosen).then(close);
        }}
      />
    </>
  );
}

function save(name: string, ending: string, content: string | Blob, type: string): string {
  download(`${name}.${ending}`, content, type);
  return `${ending.toUpperCase()} saved`;
}

function saveJson(name: string, ending: string, content: unknown): string {
  return save(name, ending, JSON.stringify(content, null, 1), "application/json");
}

async function har(name: string, path: string, body?: Json): Promise<string> {
  return saveJson(name, "har", orThrow(await actions.ask<Json>(path, body)));
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
    throw new Error(`The browser does not allow copying here: ${text}`);
  }
  return says;
}

/** A request with all its steps, fetched if some have not arrived yet. */
async function whole(trace: Trace): Promise<Trace> {
  return lacksSteps(state.value) === trace.id
    ? orThrow(await actions.ask<Trace>(`api/traces/${encodeURIComponent(trace.id)}`))
    : trace;
}

function orThrow<T>(answer: T | null): T {
  if (answer === null) throw new Error("The server no longer stores this request, or does not answer.");
  return answer;
}

/** Show the diagram, and wait until it is drawn. */
async function diagram(): Promise<SVGSVGElement> {
  actions.view(DIAGRAM);
  for (let frame = 0; frame < FRAMES; frame += 1) {
    const shown = tree.querySelector<SVGSVGElement>(`[data-view="${DIAGRAM}"] svg.diagram`);
    if (shown !== null) return shown;
    await new Promise((resolve) => {
      requestAnimationFrame(resolve);
    });
  }
  throw new Error("There is no diagram to export.");
}
