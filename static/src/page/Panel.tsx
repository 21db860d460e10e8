/** The whole page. */

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { lazy } from "../components/lazy";
import { Separator } from "../components/Separator";
import { heldSentence, heldTrace } from "../holds/store";
import { PANE } from "../holds/id";
import { List } from "../list/List";
import { Playback } from "../replay/Playback";
import { StageFoot, StageHead } from "../replay/Stage";
import { DRAWER, mostOfDrawer, resizeDrawer, shownHeight, standsRight } from "../state/inspector";
import { host } from "../state/place";
import { current } from "../state/request";
import { state } from "../state/store";
import { WITHOUT_REQUEST } from "../state/viewNames";
import { INSPECTOR } from "../views/inspector/id";
import { Views } from "../views/Views";
import { Top } from "./Top";

const Inspector = lazy("Step", () => import("../views/inspector/Inspector"));
const Compare = lazy("The comparison", () => import("../compare/Compare"));
const HeldPane = lazy("Held request", () => import("../holds/Pane"));
const Help = lazy("Keyboard shortcuts", () => import("./Help"));

interface DrawerProps {
  readonly inspects: boolean;
  readonly holds: boolean;
}

/** What is under the view, and the border by which it is resized: of a held request, its controls too. */
function Drawer({ inspects, holds }: DrawerProps): JSX.Element | null {
  if (!inspects && !holds) return null;
  return (
    <>
      <Separator
        label="Height of the inspector"
        controls={holds ? PANE : INSPECTOR}
        orientation="horizontal"
        after
        value={shownHeight()}
        min={Math.min(DRAWER.min, mostOfDrawer())}
        max={mostOfDrawer()}
        initial={DRAWER.initial}
        onChange={resizeDrawer}
      />
      {holds ? <HeldPane>{inspects ? <Inspector /> : undefined}</HeldPane> : <Inspector />}
    </>
  );
}

/** Another page has a main part of its own. */
const Main = host === null ? "main" : "section";

export function Panel(): JSX.Element {
  const { compared, help } = state.value;
  if (compared === null) return <OneRequest />;
  return (
    <div class="whole">
      <Top />
      <main>
        <Compare pairing={compared} />
      </main>
      {help ? <Help /> : null}
    </div>
  );
}

/** The list, and the request that is selected in it. */
function OneRequest(): JSX.Element {
  const { stage, view, step, help, recorded, replay, traces } = state.value;
  // A recording of one request has no list.
  const isAlone = recorded !== null && traces.length < 2;
  const trace = current(state.value);
  const name = trace === null ? "Requests of this app" : `${trace.method} ${trace.path}`;
  const holds = heldTrace() !== null;
  const title = trace === null ? "flask-lifecycle" : `${holds ? "held: " : ""}${name} · flask-lifecycle`;
  useEffect(() => {
    if (host === null) document.title = title;
  }, [title]);
  const ofApp = !stage && WITHOUT_REQUEST.has(view);
  const inspects = !stage && !ofApp && trace !== null && step !== null;
  const headed = trace !== null && !stage && !ofApp;
  return (
    <div class={`whole${stage ? " stage" : ""}${isAlone ? " alone" : ""}`}>
      {stage || host !== null ? null : <Top />}
      <div class="body">
        {stage || isAlone ? null : <List />}
        <Main>
          {headed ? null : <h1 class="unseen">{name}</h1>}
          {stage ? <StageHead /> : null}
          <Views />
          {stage ? null : <Drawer inspects={inspects && !standsRight()} holds={holds} />}
          {stage && holds && replay === null ? <HeldPane /> : null}
          {ofApp || trace === null ? null : stage ? (
            <StageFoot says={holds && replay === null ? heldSentence() : undefined} />
          ) : holds && replay === null ? null : (
            <Playback />
          )}
        </Main>
        {inspects && standsRight() ? <Inspector /> : null}
      </div>
      {help ? <Help /> : null}
    </div>
  );
}
