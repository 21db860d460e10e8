/** What each mark in the diagram means. */

import type { JSX } from "preact";

const MARKS: readonly (readonly [mark: JSX.Element, means: string])[] = [
  [<circle key="in" cx="12" cy="8" r="5" class="in full" />, "a step on the way in; on the way out in teal"],
  [<circle key="no" cx="12" cy="8" r="4.5" class="mut" />, "a step that was skipped or has not run yet"],
  [
    <circle key="o" cx="12" cy="8" r="3.2" class="ink" />,
    "a small step, such as a context processor or a log record",
  ],
  [<path key="s" d="M12 3l5 5l-5 5l-5-5z" class="ink" />, "a signal was sent"],
  [
    <rect key="g" x="2" y="3" width="20" height="10" rx="4" class="mut dashed" />,
    "a function that did not run",
  ],
  [word("±"), "names in g, the session or the response that the step changed"],
  [word("+6"), "more steps inside; click to show them"],
  [
    <g key="x">
      <circle cx="12" cy="8" r="6" class="err full" />
      <path d="M9.5 5.5l5 5m0-5l-5 5" class="cross" />
    </g>,
    "an exception was raised here; the wire is red up to what handled it",
  ],
  [
    <g key="bp">
      <circle cx="6" cy="8" r="5" class="brk" />
      <circle cx="18" cy="8" r="4.2" class="brk off" />
    </g>,
    "a breakpoint; a ring is one that is switched off; Shift-click sets it after the step",
  ],
  [
    <g key="held">
      <circle cx="12" cy="8" r="6.5" class="ink" />
      <path d="M10 5.5v5M14 5.5v5" class="ink" />
    </g>,
    "the request is held here; how long is hatched, and not to scale",
  ],
  [
    <rect key="a" x="2" y="3" width="20" height="10" rx="4" class="short" />,
    "a hook that returned a response: the view was skipped",
  ],
  [
    <rect key="q" x="2" y="3" width="20" height="10" rx="5" class="sql" />,
    "SQL; in the view’s lane, identical statements are marked 2×",
  ],
  [<rect key="t" x="2" y="3" width="20" height="10" rx="3" class="tpl full" />, "a template"],
  [
    <rect key="b" x="4" y="4" width="14" height="8" class="bar" />,
    "step time: the longer it took, the more it stands out",
  ],
];

function word(text: string): JSX.Element {
  return (
    <text key={text} x="12" y="12.5" text-anchor="middle">
      {text}
    </text>
  );
}

export function Legend(): JSX.Element {
  return (
    <section aria-label="Marks in the diagram">
      <h2>Marks in the diagram</h2>
      <dl class="legend">
        {MARKS.map(([mark, means]) => (
          <div key={means}>
            <dt>
              <svg width="24" height="16" viewBox="0 0 24 16" aria-hidden="true">
                {mark}
              </svg>
            </dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
