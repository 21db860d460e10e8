import type { JSX } from "preact";
import { useState } from "preact/hooks";

import messageStyles from "../styles/message.css?inline";
import collectedStyles from "../styles/collected.css?inline";
import outcomeStyles from "../styles/outcome.css?inline";
import { adopt } from "../components/adopt";
import { grouped, time } from "../trace/format";
import { isStatement, kindOf, transactions, type Bracket } from "../trace/transactions";
import { current } from "../state/request";
import { state } from "../state/store";
import type { Step, Trace } from "../api/types";
import { groups, isSlow, summaryOf, type Group } from "../trace/statements";
import { placeOf, ranIn, took } from "../trace/details";
import { unbroken } from "../trace/text";
import { Dropped } from "../components/Message";
import { More, useShown } from "../components/More";
import { Open } from "../components/Source";
import { Row } from "./sql/Row";

adopt(messageStyles, collectedStyles, outcomeStyles);

const SHOWN = 500;
type Order = "sent" | "time";

/** The statements of a request, with their source locations, durations and repetitions. */
export default function Sql(): JSX.Element | null {
  const trace = current(state.value);
  const [open, setOpen] = useState<number | null>(null);
  const [order, setOrder] = useState<Order>("sent");
  const [shown, more] = useShown(SHOWN);
  if (trace === null) return null;
  const sent = trace.steps.filter((step) => step.stage === "sql");
  const same = groups(trace);
  const times = new Map(same.flatMap(({ steps }) => steps.map(({ id }) => [id, steps.length] as const)));
  // In another order, a bracket would enclose what is not in the transaction.
  const brackets = order === "sent" ? transactions(trace.steps) : [];
  const sorted = order === "sent" ? sent : [...sent].sort((a, b) => took(b) - took(a));
  const slowest = sent.reduce((most, step) => Math.max(most, took(step)), 1);
  return (
    <div class="message collected" tabIndex={0} role="region" aria-label="SQL">
      <Sum trace={trace} sent={sent} />
      <Dropped trace={trace} />
      {same.map((group, index) => (
        <Often key={index} group={group} trace={trace} />
      ))}
      {sent.length === 0 ? null : (
        <table class="sql-table">
          <Columns order={order} onOrder={setOrder} />
          <tbody>
            {sorted.slice(0, shown).map((step) => (
              <Row
                key={step.id}
                step={step}
                trace={trace}
                bracket={edge(step, brackets)}
                slowest={slowest}
                times={times.get(step.id) ?? 1}
                open={open === step.id}
                onOpen={() => {
                  setOpen(open === step.id ? null : step.id);
                }}
              />
            ))}
          </tbody>
        </table>
      )}
      <More count={sent.length - shown} what="more statements" onMore={more} />
    </div>
  );
}

interface ColumnsProps {
  readonly order: Order;
  readonly onOrder: (order: Order) => void;
}

/** The heads of the columns, of which two sort the rows. */
function Columns({ order, onOrder }: ColumnsProps): JSX.Element {
  const sorts = (by: Order, name: string, says: string): JSX.Element => (
    <button
      type="button"
      class="sort"
      title={says}
      onClick={() => {
        onOrder(by);
      }}
    >
      {name}
      <span aria-hidden="true">{order === by ? " ▾" : ""}</span>
    </button>
  );
  return (
    <thead>
      <tr>
        <th scope="col" aria-sort={order === "sent" ? "ascending" : "none"}>
          {sorts("sent", "statement", "Sort by order of execution")}
        </th>
        <th scope="col">sent from</th>
        <th scope="col" class="num">
          rows
        </th>
        <th scope="col" class="num" aria-sort={order === "time" ? "descending" : "none"}>
          {sorts("time", "time", "Sort by time, the slowest first")}
        </th>
      </tr>
    </thead>
  );
}

/** Their number and total time. */
function Sum({ sent, trace }: { readonly sent: readonly Step[]; readonly trace: Trace }): JSX.Element {
  if (sent.length === 0)
    return <p class="none">This request sent no SQL statements through SQLAlchemy or sqlite3.</p>;
  const count = sent.filter(isStatement).length;
  const slow = sent.filter((step) => isSlow(step, trace)).length;
  return (
    <p class="sum">
      <b>{grouped(count)}</b> {count === 1 ? "statement" : "statements"}
      {counted(sent, "commit")}
      {counted(sent, "rollback")} in <b>{time(sent.reduce((sum, step) => sum + took(step), 0))}</b>
      {slow > 0 ? (
        <>
          , <b class="bad">{slow} slow</b>
        </>
      ) : null}
    </p>
  );
}

function counted(sent: readonly Step[], kind: "commit" | "rollback"): JSX.Element | null {
  const count = sent.filter((step) => kindOf(step) === kind).length;
  return count === 0 ? null : (
    <>
      , <b>{grouped(count)}</b> {kind}
      {count === 1 ? "" : "s"}
    </>
  );
}

/** How the brackets beside a row look: where one begins, ends or goes on. */
function edge(step: Step, brackets: readonly Bracket[]): string {
  return brackets
    .flatMap(({ from, to, begin, end, row }) => {
      if (
        row > 2 ||
        step.begin < begin ||
        step.begin > end ||
        (from !== null && step.id < from.id) ||
        (to !== null && step.id > to.id)
      )
        return [];
      return [`in${row}`, ...(step === from ? [`first${row}`] : []), ...(step === to ? [`last${row}`] : [])];
    })
    .join(" ");
}

function Often({ group, trace }: { readonly group: Group; readonly trace: Trace }): JSX.Element | null {
  const first = group.steps[0];
  if (first === undefined) return null;
  // The same statement may have several source locations.
  const origins = new Map(
    group.steps.map((step) => {
      const place = placeOf(step.detail["place"]);
      const where = ranIn(step, trace.steps)?.name ?? null;
      return [JSON.stringify([place, where]), { place, where }];
    }),
  );
  return (
    <p class="often">
      <b>
        {group.repeated
          ? `N+1: the same statement, ${grouped(group.steps.length)} times`
          : `${grouped(group.steps.length)} times, with the same parameters`}
      </b>{" "}
      {[...origins].map(([key, { place, where }]) => (
        <span key={key}>
          {place === null ? null : (
            <>
              from <Open source={place} />{" "}
            </>
          )}
          {where === null ? null : (
            <>
              in <code>{where}</code>,{" "}
            </>
          )}
        </span>
      ))}
      {unbroken(time(group.time))} in total
      <code class="what">{summaryOf(first)}</code>
    </p>
  );
}
