import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import emptyStyles from "../../styles/empty.css?inline";
import profileStyles from "../../styles/profile.css?inline";
import { adopt } from "../../components/adopt";
import { time } from "../../trace/format";
import { beside, boxes, hottest, profileOf, shortened, type Box } from "./flame";
import { current } from "../../state/request";
import { actions } from "../../state/actions";
import { state } from "../../state/store";
import type { Profile as Answer, ProfileNode, Trace } from "../../api/types";

adopt(emptyStyles, profileStyles);

const HOTTEST = 12;
const ASKED_AGAIN = 500;
const ROW = 24;

/** The sampled profile of the selected request; or how to profile the next one. */
export default function Profile(): JSX.Element | null {
  const trace = current(state.value);
  const id = trace?.id ?? null;
  const [found, setFound] = useState<{ readonly id: string; readonly answer: Answer | null } | null>(null);
  const [asked, setAsked] = useState(0);

  useEffect(() => {
    let wanted = true;
    let waited = false;
    let timer = 0;
    const look = (): void => {
      if (id === null) return;
      void actions.ask<Answer>(`api/traces/${id}/profile`).then((answer) => {
        if (!wanted) return;
        setFound({ id, answer });
        if (answer?.waiting === true) {
          waited = true;
          timer = window.setTimeout(look, ASKED_AGAIN);
        } else if (waited && trace !== null) actions.latest(trace);
      });
    };
    look();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [id, asked, trace?.state]);

  const answer = found?.id === id ? found.answer : null;
  if (trace === null || found?.id !== id) return null;
  const root = profileOf(answer?.profile);
  if (answer === null)
    return (
      <div class="empty" role="status">
        <h2>There is no profile of this request</h2>
        <p>It came from a file, or the server no longer stores it.</p>
      </div>
    );
  return (
    <div class="profile" tabIndex={0} role="region" aria-label="Profile">
      {root === null ? (
        <Ask
          trace={trace}
          answer={answer}
          onAsked={() => {
            setAsked(asked + 1);
          }}
        />
      ) : (
        <Flame key={trace.id} root={root} />
      )}
    </div>
  );
}

function Ask({
  trace,
  answer,
  onAsked,
}: {
  readonly trace: Trace;
  readonly answer: Answer;
  readonly onAsked: () => void;
}): JSX.Element {
  const kind = `${trace.method} ${trace.url_rule ?? trace.path}`;
  if (!answer.available)
    return (
      <div class="empty">
        <h2>No profiler is installed</h2>
        <p>Profiles are sampled by pyinstrument. Install it in the app’s environment and restart the app:</p>
        <pre>pip install "flask-lifecycle[profile]"</pre>
      </div>
    );
  if (answer.waiting)
    return (
      <div class="empty" role="status">
        <h2>Waiting for the next {kind}</h2>
        <p>
          Send it from the page or by curl. It will be slower than usual: two thousand samples are taken per
          second.
        </p>
        <p>
          <button
            type="button"
            onClick={() => {
              void actions.tell("api/profile", "DELETE").then(onAsked);
            }}
          >
            Cancel
          </button>
        </p>
      </div>
    );
  return (
    <div class="empty">
      <h2>This request was not profiled</h2>
      <p>
        A profile shows where the time went, function by function, from the first hook to the response. It is
        taken of one request, when you ask for it.
      </p>
      <p>
        <button
          type="button"
          class="primary"
          onClick={() => {
            void actions.tell(`api/traces/${trace.id}/profile`, "POST").then(onAsked);
          }}
        >
          Profile the next {kind}
        </button>
      </p>
    </div>
  );
}

function Flame({ root }: { readonly root: ProfileNode }): JSX.Element {
  const all = useMemo(() => boxes(root), [root]);
  const [picked, setPicked] = useState(0);
  const chart = useRef<HTMLDivElement>(null);
  const near = all[picked] ?? (all[0] as Box);
  const go = (index: number): void => {
    setPicked(index);
    chart.current?.querySelector<HTMLElement>(`[data-box="${index}"]`)?.focus();
  };
  return (
    <>
      <About node={near.node} root={root} onAll={picked === 0 ? null : go} />
      <div
        ref={chart}
        class="flame"
        role="group"
        aria-label="Flame graph"
        style={{ height: `${(Math.max(...all.map((box) => box.depth)) + 1) * ROW}px` }}
        onKeyDown={(event) => {
          if (!event.key.startsWith("Arrow")) return;
          event.preventDefault();
          event.stopPropagation();
          go(beside(all, picked, event.key));
        }}
      >
        {all.map((box, index) => (
          <Drawn
            key={index}
            box={box}
            index={index}
            near={near}
            picked={index === picked}
            root={root}
            onPick={go}
          />
        ))}
      </div>
      <Hottest root={root} />
    </>
  );
}

function percent(ns: number, root: ProfileNode): string {
  return `${Math.round((ns / Math.max(1, root.time)) * 100)}%`;
}

interface AboutProps {
  readonly node: ProfileNode;
  readonly root: ProfileNode;
  /** Show the whole profile again. */
  readonly onAll: ((index: number) => void) | null;
}

/** The picked function. */
function About({ node, root, onAll }: AboutProps): JSX.Element {
  return (
    <p class="about" aria-live="polite">
      <code>{node.name}</code>{" "}
      {node.line > 0 ? (
        <span class="k">
          {shortened(node.file)}:{node.line}
        </span>
      ) : null}
      <b>{time(node.time)}</b> {percent(node.time, root)} of the request, {time(node.self)} in itself
      {onAll === null ? null : (
        <button
          type="button"
          onClick={() => {
            onAll(0);
          }}
        >
          Show all
        </button>
      )}
    </p>
  );
}

function Hottest({ root }: { readonly root: ProfileNode }): JSX.Element {
  return (
    <table>
      <caption>Self time by function</caption>
      <thead>
        <tr>
          <th scope="col">function</th>
          <th scope="col">file</th>
          <th scope="col" class="num">
            itself
          </th>
          <th scope="col" class="num">
            part
          </th>
        </tr>
      </thead>
      <tbody>
        {hottest(root, HOTTEST).map((taken) => (
          <tr key={`${taken.file}:${taken.line}:${taken.name}`} class={taken.own ? "own" : undefined}>
            <td>
              <code>{taken.name}</code>
            </td>
            <td>{taken.line > 0 ? `${shortened(taken.file)}:${taken.line}` : "in C"}</td>
            <td class="num">{time(taken.self)}</td>
            <td class="num">{percent(taken.self, root)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface DrawnProps {
  readonly box: Box;
  readonly index: number;
  readonly near: Box;
  readonly picked: boolean;
  readonly root: ProfileNode;
  readonly onPick: (index: number) => void;
}

/** One box; the picked one and its callers are as wide as the chart. */
function Drawn({ box, index, near, picked, root, onPick }: DrawnProps): JSX.Element | null {
  const left = Math.max(0, (box.left - near.left) / near.width);
  const right = Math.min(1, (box.left + box.width - near.left) / near.width);
  if (right - left < 0.001) return null;
  const { node } = box;
  const text = `${node.name}, ${time(node.time)}, ${Math.round((node.time / Math.max(1, root.time)) * 100)}%`;
  return (
    <button
      type="button"
      class={node.own ? "own" : undefined}
      data-box={index}
      title={`${text}\n${node.file}:${node.line}`}
      aria-label={text}
      aria-pressed={picked}
      tabIndex={picked ? 0 : -1}
      style={{
        left: `${(left * 100).toFixed(3)}%`,
        width: `calc(${((right - left) * 100).toFixed(3)}% - 1px)`,
        top: `${box.depth * ROW}px`,
      }}
      onClick={() => {
        onPick(index);
      }}
    >
      {node.name}
    </button>
  );
}
