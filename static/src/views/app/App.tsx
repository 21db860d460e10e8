import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import appStyles from "../../styles/app.css?inline";
import toolsStyles from "../../styles/tools.css?inline";
import { adopt } from "../../components/adopt";
import { Diagram } from "../../diagram/Diagram";
import { current } from "../../state/request";
import { actions } from "../../state/actions";
import { state } from "../../state/store";
import type { AppMap, Json, Match, Rule, Trace } from "../../api/types";
import { Pairs, type Pair } from "../../components/Message";
import { kindOf, namesOf, phases, verdict, type Phase } from "./phases";
import { Editor, Open } from "../../components/Source";

adopt(appStyles, toolsStyles);

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const SHOWN = 200;
const WAIT = 150;

/** What the app has registered: its rules, what a request for each will meet, and what it is made of. */
export default function App(): JSX.Element {
  const {
    map,
    app: { part },
  } = state.value;
  useEffect(actions.map, []);
  if (map === null) return <p class="loading">Asking the app…</p>;
  return (
    <div class="app">
      <div class="tools">
        {(["rules", "about"] as const).map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === part}
            onClick={() => {
              actions.app({ part: each });
            }}
          >
            {each === "rules" ? `Rules (${map.rules.length})` : "About the app"}
          </button>
        ))}
        <Editor />
      </div>
      {part === "rules" ? <Rules map={map} /> : <About map={map} />}
    </div>
  );
}

function Rules({ map }: { readonly map: AppMap }): JSX.Element {
  const { rule: wanted, method, path, never: onlyNever } = state.value.app;
  const names = useMemo(() => namesOf(map.rules), [map]);
  const found = useMatch(path, method);
  const called = new Set([...map.called, ...state.value.traces.map((trace) => trace.endpoint)]);
  const never = map.rules.filter((rule) => !called.has(rule.endpoint));
  const isPath = path.startsWith("/");
  const words = isPath ? [] : path.toLowerCase().split(/\s+/).filter(Boolean);
  const rules = (onlyNever ? never : map.rules).filter((rule) =>
    words.every((word) => `${rule.rule} ${rule.endpoint}`.toLowerCase().includes(word)),
  );
  const nearest = found?.rule ?? found?.near[0]?.rule ?? null;
  const matched = nearest === null ? null : (map.rules[nearest] ?? null);
  const asked = current(state.value);
  const likely =
    path !== "" || onlyNever
      ? undefined
      : rules.find((each) => each.rule === asked?.url_rule && each.endpoint === asked.endpoint);
  const picked = map.rules[names.indexOf(wanted ?? "")];
  const rule =
    wanted === null ? (matched ?? likely ?? (isPath ? null : (rules[0] ?? null))) : (picked ?? null);
  const pick = (each: Rule): void => {
    actions.app({ rule: names[map.rules.indexOf(each)] ?? null });
  };
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [wanted]);
  return (
    <div class="rules">
      <div class="pick">
        <div class="ask">
          <select
            aria-label="Method"
            value={method}
            onChange={(event) => {
              actions.app({ method: event.currentTarget.value });
            }}
          >
            {(METHODS.includes(method) ? METHODS : [...METHODS, method]).map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
          <input
            type="search"
            aria-label="Path or words"
            placeholder="/a/path to try, or words"
            value={path}
            spellcheck={false}
            autocomplete="off"
            onInput={(event) => {
              actions.app({ path: event.currentTarget.value, rule: null });
            }}
          />
        </div>
        {isPath && found !== null ? <Answer map={map} found={found} onPick={pick} /> : null}
        {isPath ? null : (
          <>
            <p class="fresh">
              <label>
                <input
                  type="checkbox"
                  checked={onlyNever}
                  onChange={(event) => {
                    actions.app({ never: event.currentTarget.checked });
                  }}
                />{" "}
                never asked for since the start ({never.length})
              </label>
            </p>
            <ul ref={list} aria-label="Rules">
              {rules.slice(0, SHOWN).map((each) => (
                <li key={map.rules.indexOf(each)}>
                  <RuleButton
                    rule={each}
                    picked={each === rule}
                    never={!called.has(each.endpoint)}
                    onPick={pick}
                  />
                </li>
              ))}
            </ul>
            {rules.length > SHOWN ? (
              <p class="more">{rules.length - SHOWN} more: words narrow them down</p>
            ) : null}
            {rules.length === 0 ? <p class="more">No rule has these words.</p> : null}
          </>
        )}
      </div>
      {wanted !== null && picked === undefined ? (
        <p class="gone" role="status">
          The app has no rule{" "}
          <code>
            <bdi>{wanted}</bdi>
          </code>{" "}
          now.
        </p>
      ) : null}
      {rule === null ? null : <Plan map={map} rule={rule} method={method} />}
    </div>
  );
}

function RuleButton({
  rule,
  picked,
  never,
  why,
  onPick,
}: {
  readonly rule: Rule;
  readonly picked: boolean;
  readonly never?: boolean;
  readonly why?: string;
  readonly onPick: (rule: Rule) => void;
}): JSX.Element {
  return (
    <button
      type="button"
      class="rule"
      aria-current={picked ? "true" : undefined}
      onClick={() => {
        onPick(rule);
      }}
    >
      <code>
        <bdi>{rule.rule}</bdi>
      </code>
      <span class="k">
        {why ??
          `${rule.methods.filter((each) => each !== "HEAD" && each !== "OPTIONS").join(" ")} · ${rule.endpoint}${rule.host ? ` · ${rule.host}` : rule.subdomain ? ` · ${rule.subdomain}` : ""}${never ? " · never asked for" : ""}`}
      </span>
    </button>
  );
}

/** Ask the server what a path would match, some time after the last key. */
function useMatch(path: string, method: string): Match | null {
  const [found, setFound] = useState<Match | null>(null);
  useEffect(() => {
    setFound(null);
    if (!path.startsWith("/")) return undefined;
    let wanted = true;
    const query = new URLSearchParams({ path: path.split("?")[0] ?? path, method });
    const timer = setTimeout(() => {
      void actions.ask<Match>(`api/app/match?${query}`).then((match) => {
        if (wanted) setFound(match);
      });
    }, WAIT);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [path, method]);
  return found;
}

function Answer({
  map,
  found,
  onPick,
}: {
  readonly map: AppMap;
  readonly found: Match;
  readonly onPick: (rule: Rule) => void;
}): JSX.Element {
  const matched = found.rule === null ? undefined : map.rules[found.rule];
  const given = Object.entries(found.arguments)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ");
  const says: Record<Match["outcome"], string> = {
    match: `It matches ${matched?.endpoint ?? ""}${given === "" ? "." : ` with ${given}.`}${found.unsure.length > 0 ? ` The app's own converter may still refuse ${found.unsure.join(", ")}.` : ""}`,
    redirect: `Flask redirects to ${found.redirect ?? ""}.`,
    method_not_allowed: `405: the path is there for ${found.allowed.join(", ")} alone.`,
    not_found:
      found.near.length > 0
        ? "404: no rule matches. The nearest:"
        : "404: no rule matches, nor does any nearly.",
  };
  return (
    <div class="answer" role="status">
      <p class={found.outcome}>{says[found.outcome]}</p>
      {found.near.length > 0 ? (
        <ul aria-label="Rules that nearly match">
          {found.near.map(({ rule, why }) => {
            const near = map.rules[rule];
            return near === undefined ? null : (
              <li key={rule}>
                <RuleButton rule={near} picked={false} why={why} onPick={onPick} />
              </li>
            );
          })}
        </ul>
      ) : null}
    </div>
  );
}

function Plan({
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
      <h2>
        <span class="k">{method}</span> <bdi>{rule.rule}</bdi>
      </h2>
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
            <span class="by">{hook.scope === null || hook.scope === "app" ? "the app" : hook.scope}</span>
            {hook.source === null ? null : <Open source={hook.source} />}
          </li>
        ))}
      </ol>
    </div>
  );
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
      process: { ...map.process, thread: "" },
      error: null,
      parent: null,
      steps: [],
      dropped_steps: 0,
    }),
    [map, rule, method],
  );
  return (
    <div class="drawn">
      <Diagram
        trace={trace}
        map={map}
        elapsed={0}
        selected={null}
        width={1120}
        height={750}
        onSelect={() => undefined}
      />
    </div>
  );
}

function About({ map }: { readonly map: AppMap }): JSX.Element {
  const blueprints = map.blueprints.map(({ name, import_name, url_prefix }): Pair => [
    name,
    `${import_name}${url_prefix === null ? "" : `, ${url_prefix}`}`,
  ]);
  return (
    <div class="message" tabIndex={0} role="region" aria-label="About the app">
      <div class="columns">
        <div>
          <Pairs
            title="App"
            pairs={[
              ["name", map.name],
              ["import name", map.import_name],
              ["debug", map.debug ? "on" : "off"],
              ["process", `${map.process.pid} on ${map.process.host}`],
            ]}
          />
          <Pairs title="Versions" pairs={Object.entries(map.versions)} />
          <Pairs title="Blueprints" pairs={blueprints} none="It has none." />
          <Pairs
            title="Extensions"
            pairs={map.extensions.map((name) => [name, ""])}
            none="None has registered itself in app.extensions."
          />
          <Pairs title="Packages" pairs={inOrder(map.packages)} />
        </div>
        <div>
          <Pairs title="Config" pairs={Object.entries(map.config)} />
          <Pairs title="Environment" pairs={inOrder(map.environment)} />
        </div>
      </div>
    </div>
  );
}

/** By name, whatever its case. */
function inOrder(named: { readonly [name: string]: Json }): readonly Pair[] {
  return Object.entries(named).sort(([one], [other]) => one.localeCompare(other));
}
