/** The plan of a request for a rule: its diagram, and each function in the order of the calls. */

import type { JSX, RefObject } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import type { AppMap, Rule, Trace } from "../../api/types";
import { Open } from "../../components/Source";
import { Dot } from "../../holds/Dot";
import { drawn, toggleAt } from "../../holds/store";
import { Diagram } from "../../diagram/Diagram";
import { GUTTER, ROOMY, scaleOn } from "../../diagram/sizes";
import { size } from "../../state/place";
import { kindOf, phases, verdict, type Phase } from "./phases";

export function Plan({
  map,
  rule,
  method,
}: {
  readonly map: AppMap;
  readonly rule: Rule;
  readonly method: string;
}): JSX.Element {
  let number = 0;
  return (
    <section class="plan" aria-label="What a request will meet" tabIndex={0}>
      <header>
        <h2>
          <span class="k">{method}</span> <bdi>{rule.rule}</bdi>
        </h2>
        {rule.view === null ? null : <Dot at={rule.view} />}
      </header>
      {verdict(rule, method) === "view" ? <Drawn map={map} rule={rule} method={method} /> : null}
      <div class="phases">
        {phases(map, rule, method).map((phase) => {
          const from = number;
          number += phase.hooks.length;
          return <PhaseOf key={phase.title} phase={phase} from={from} />;
        })}
      </div>
    </section>
  );
}

function PhaseOf({ phase, from }: { readonly phase: Phase; readonly from: number }): JSX.Element {
  return (
    <div class="phase">
      <h3>{phase.title}</h3>
      <p class="k">{phase.says}</p>
      <ol start={from + 1}>
        {phase.hooks.map((hook, index) => (
          <li key={index} value={from + index + 1} data-hook={hook.name}>
            <code>{hook.name}</code> <span class="k">{kindOf(hook)}</span>
            {/* The dot, which is out of sight, has no line of its own. */}
            <span class="of">
              <span class="by">{hook.scope === null || hook.scope === "app" ? "the app" : hook.scope}</span>
              <Dot at={hook} />
            </span>
            {hook.source === null ? null : <Open source={hook.source} />}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** How much of a gutter is out of sight, and the height in which the rows are spread. */
const [HIDDEN, HEIGHT] = [GUTTER - 1, 700];

function useWidth(box: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      setWidth(element.clientWidth);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  return width;
}

/** The diagram of a request that has not come yet. */
function Drawn({
  map,
  rule,
  method,
}: {
  readonly map: AppMap;
  readonly rule: Rule;
  readonly method: string;
}): JSX.Element {
  const trace = useMemo<Trace>(
    () => ({
      id: "",
      state: "running",
      method,
      path: rule.rule,
      query: "",
      url_rule: rule.rule,
      endpoint: rule.endpoint,
      blueprints: rule.blueprints,
      status: null,
      started_at: 0,
      duration: null,
      app_time: null,
      process: { ...map.process, thread: "", started_at: 0 },
      error: null,
      parent: null,
      steps: [],
      dropped_steps: 0,
    }),
    [map, rule, method],
  );
  const box = useRef<HTMLDivElement>(null);
  const room = useWidth(box);
  // Its gutters are for times, and there are none yet.
  const isRoomy = room + 2 * HIDDEN >= ROOMY;
  const scale = scaleOn(room, size.value.height);
  return (
    <div class={isRoomy ? "drawn roomy" : "drawn"} style={{ "--s": scale }} ref={box}>
      <Diagram
        trace={trace}
        map={map}
        elapsed={0}
        selected={null}
        scale={scale}
        width={isRoomy ? room + 2 * HIDDEN * scale : room}
        height={HEIGHT * scale}
        head={false}
        breakpoints={drawn.value}
        onBreak={toggleAt}
        onSelect={() => undefined}
      />
    </div>
  );
}
