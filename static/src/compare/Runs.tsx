/** The app's time of every run of both requests, on an axis that begins at 0. */

import type { JSX } from "preact";

import { ticksOf } from "../diagram/layout/ribbon/ticks";
import type { Comparison } from "../api/types";
import { time } from "../trace/format";
import { signed } from "./layout/difference";

const [WIDTH, LEFT, RIGHT] = [364, 8, 8];
/** The heights of the bracket, of both rows, and of the axis, px. */
const [BRACKET, ROWS, AXIS] = [14, { a: 30, b: 45 }, 58] as const;
/** The most that a text of a tick is wide. */
const LETTER = 6.6;

interface RunsProps {
  readonly comparison: Comparison;
  readonly single: boolean;
}

export function Runs({ comparison, single }: RunsProps): JSX.Element {
  const { spread, a_ns, b_ns, beyond } = comparison;
  const most = Math.max(1, ...spread.a.times, ...spread.b.times) * 1.06;
  const x = (ns: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * ns) / most;
  const sides = (["a", "b"] as const).map((of) => ({ of, times: spread[of].times }));
  const says = sides
    .map(({ of, times }) => `${of.toUpperCase()}: ${times.map((ns) => time(ns)).join(", ")}`)
    .join("; ");
  return (
    <svg
      class="runs"
      viewBox={`0 0 ${WIDTH} 78`}
      role="img"
      aria-label={`The app's time in each run. ${says}`}
    >
      {a_ns === null || b_ns === null ? null : (
        <Bracket a={x(a_ns)} b={x(b_ns)} text={signed(b_ns - a_ns)} sure={beyond && !single} />
      )}
      <path class="axis" d={`M${LEFT} ${AXIS}H${WIDTH - RIGHT}`} />
      {ticksOf(most, WIDTH - LEFT - RIGHT, (text) => text.length * LETTER).map(({ at, text }) => (
        <g key={text}>
          <path class="axis" d={`M${x(at)} ${AXIS}v4`} />
          <text
            x={Math.min(x(at), WIDTH - (text.length * LETTER) / 2)}
            y={AXIS + 16}
            text-anchor={at === 0 ? "start" : "middle"}
          >
            {text}
          </text>
        </g>
      ))}
      {sides.map(({ of, times }) =>
        times.map((ns, index) => (
          <circle key={`${of}${index}`} class={of} cx={x(ns)} cy={ROWS[of]} r={of === "a" ? 4.2 : 5} />
        )),
      )}
    </svg>
  );
}

interface BracketProps {
  readonly a: number;
  readonly b: number;
  readonly text: string;
  /** Whether it is told from chance. */
  readonly sure: boolean;
}

/** From one median to the other. */
function Bracket({ a, b, text, sure }: BracketProps): JSX.Element {
  const [from, to] = [Math.min(a, b), Math.max(a, b)];
  const middle = Math.max(32, Math.min(WIDTH - 32, (from + to) / 2));
  return (
    <>
      <path class="gauge" d={`M${from} ${BRACKET + 7}v-5H${to}v5`} />
      <text class={sure ? "by" : undefined} x={middle} y={BRACKET - 3} text-anchor="middle">
        {text}
      </text>
    </>
  );
}
