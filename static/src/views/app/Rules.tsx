/** The rules of the app, a path to try, and the plan of one. */

import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";

import type { AppMap, Match, Rule, Trace } from "../../api/types";
import { actions } from "../../state/actions";
import { current, isOfAnother } from "../../state/request";
import { all, state } from "../../state/store";
import { grouped } from "../../trace/format";
import { isSameRun } from "../../trace/run";
import { Answer, isPath, useMatch } from "./Answer";
import { namesOf } from "./phases";
import { Plan } from "./Plan";
import { RuleButton } from "./RuleButton";

const USUAL = "GET";
const METHODS = [USUAL, "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const SHOWN = 200;

export function Rules({ map }: { readonly map: AppMap }): JSX.Element {
  const { rule: wanted, method, path } = state.value.app;
  const names = useMemo(() => namesOf(map.rules), [map]);
  const match = useMatch(path, method ?? USUAL);
  const called = calledEndpoints(map);
  const rules = listedRules(map, called);
  const named = map.rules[names.indexOf(wanted ?? "")] ?? null;
  const rule = wanted === null ? likeliest(map, rules, match) : named;
  const pick = (each: Rule): void => {
    actions.app({ rule: names[map.rules.indexOf(each)] ?? null });
  };
  const asks = isPath(path);
  const usual = usualMethod(rule);
  const asked = method ?? usual;
  return (
    <div class="rules">
      <div class="rule-list">
        <Ask method={asked} usual={usual} path={path} />
        {asks && match !== null ? <Answer map={map} found={match} onPick={pick} /> : null}
        {asks ? null : <List map={map} rules={rules} picked={rule} called={called} onPick={pick} />}
      </div>
      {wanted !== null && named === null ? (
        <p class="gone" role="status">
          The app has no rule{" "}
          <code>
            <bdi>{wanted}</bdi>
          </code>{" "}
          now.
        </p>
      ) : null}
      {rule === null ? null : <Plan map={map} rule={rule} method={asked} />}
    </div>
  );
}

type Endpoints = ReadonlySet<string | null>;

/** The rules that were requested since the app's start. */
function calledEndpoints(map: AppMap): Endpoints {
  const { process, others } = state.value;
  const alive = process === null ? others : [process, ...others];
  // An earlier run may have had other code, and another app has other rules.
  const ofIt = all.value.filter(
    (trace) => !isOfAnother(state.value, trace) && alive.some((run) => isSameRun(run, trace.process)),
  );
  return new Set([...map.called, ...ofIt.map((trace) => trace.endpoint)]);
}

/** The rules that match the words and the switch. */
function listedRules(map: AppMap, called: Endpoints): readonly Rule[] {
  const { path, never } = state.value.app;
  const words = isPath(path) ? [] : path.toLowerCase().split(/\s+/).filter(Boolean);
  return map.rules.filter(
    ({ rule, endpoint }) =>
      !(never && called.has(endpoint)) &&
      words.every((word) => `${rule} ${endpoint}`.toLowerCase().includes(word)),
  );
}

/** Where none is picked: what the path matches, or nearly; that of the selected request; the first. */
function likeliest(map: AppMap, rules: readonly Rule[], match: Match | null): Rule | null {
  const { path, never } = state.value.app;
  const nearest = match?.rule ?? match?.near[0]?.rule ?? null;
  const matched = nearest === null ? undefined : map.rules[nearest];
  if (matched !== undefined) return matched;
  const trace = path !== "" || never ? null : current(state.value);
  const own = rules.find((each) => isRuleOf(each, trace));
  return own ?? (isPath(path) ? null : (rules[0] ?? null));
}

function isRuleOf({ rule, endpoint }: Rule, trace: Trace | null): boolean {
  return trace !== null && rule === trace.url_rule && endpoint === trace.endpoint;
}

/** Where none is picked: the method of the selected request for the rule, or one that the rule takes. */
function usualMethod(rule: Rule | null): string {
  if (rule === null || state.value.app.path !== "") return USUAL;
  const trace = current(state.value);
  if (trace !== null && isRuleOf(rule, trace)) return trace.method;
  if (rule.methods.includes(USUAL)) return USUAL;
  return rule.methods.find((each) => each !== "HEAD" && each !== "OPTIONS") ?? USUAL;
}

interface AskProps {
  readonly method: string;
  /** The one without a pick. */
  readonly usual: string;
  readonly path: string;
}

function Ask({ method, usual, path }: AskProps): JSX.Element {
  return (
    <div class="ask">
      <select
        aria-label="Method"
        value={method}
        onChange={(event) => {
          const { value } = event.currentTarget;
          actions.app({ method: value === usual ? null : value });
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
        placeholder={state.value.recorded === null ? "/a/path to try, or words" : "words of a rule"}
        value={path}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => {
          actions.app({ path: event.currentTarget.value, rule: null });
        }}
      />
    </div>
  );
}

interface ListProps {
  readonly map: AppMap;
  readonly rules: readonly Rule[];
  readonly picked: Rule | null;
  readonly called: Endpoints;
  readonly onPick: (rule: Rule) => void;
}

function List({ map, rules, picked, called, onPick }: ListProps): JSX.Element {
  const { rule: wanted, never } = state.value.app;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [wanted]);
  const count = map.rules.filter((rule) => !called.has(rule.endpoint)).length;
  return (
    <>
      <p class="fresh">
        <label>
          <input
            type="checkbox"
            checked={never}
            onChange={(event) => {
              actions.app({ never: event.currentTarget.checked });
            }}
          />{" "}
          never requested since the start ({grouped(count)})
        </label>
      </p>
      <ul ref={list} aria-label="Rules">
        {rules.slice(0, SHOWN).map((each) => (
          <li key={map.rules.indexOf(each)}>
            <RuleButton
              rule={each}
              picked={each === picked}
              never={!called.has(each.endpoint)}
              onPick={onPick}
            />
          </li>
        ))}
      </ul>
      {rules.length > SHOWN ? (
        <p class="more">{rules.length - SHOWN} more; add words to narrow the list</p>
      ) : null}
      {rules.length === 0 ? <p class="more">No rule contains these words.</p> : null}
    </>
  );
}
