/** A summary of a request: its status, its time, and warnings. */

import { FLAGS } from "../api/types";
import { time } from "../trace/format";
import { titled } from "./controls";
import { make, type Child } from "./dom";
import { isUnrecorded, type Request } from "./requests";
import type { RequestRecord, Warning } from "./types";

const HELD = FLAGS.held[1];

/** @param inAll the held requests of all pages. */
export function summary(page: Request | undefined, all: readonly Request[], inAll: number): Child[] {
  const record = page?.record ?? null;
  if (record === null) return [make("span", "mut", unknown(page))];
  const others = all.filter((each) => each !== page);
  const running = others.filter((each) => warns(each, "in") && !isHeld(each)).length;
  // Its own tags say so of the page.
  const held = inAll - Number(page !== undefined && isHeld(page));
  return [
    ...figures(record, strip(record), make("span", "mut wide", `${record.step_count} steps`)),
    ...tags(record),
    others.length > 0 &&
      titled(make("span", `tag ${worst(others)}`, `+${others.length}`), "More requests of this page"),
    held > 0 &&
      titled(make("span", "tag held", `${held} held`), "At a breakpoint: let it go on in the panel"),
    running > 0 && make("span", "tag in", `${running} running`),
  ];
}

export function figures(
  { status: code, elapsed, sql, ends }: RequestRecord,
  ...more: readonly Node[]
): Child[] {
  return [
    status(code ?? 0),
    make("b", "", time(elapsed)),
    ...more,
    sql[0] + ends[0] + ends[1] > 0 &&
      make(
        "span",
        "sql",
        `${sql[0]} SQL `,
        make("span", "wide", `${time(sql[1])}${counted(ends[0], "commit")}${counted(ends[1], "rollback")}`),
      ),
  ];
}

function counted(count: number, noun: string): string {
  return count === 0 ? "" : `, ${count} ${noun}${count === 1 ? "" : "s"}`;
}

export function status(code: number): Node {
  return make("b", `s${Math.floor(code / 100)}`, code === 0 ? "…" : `${code}`);
}

export function tags({ warnings }: RequestRecord): Node[] {
  return warnings.map(([kind, text, why]) => titled(make("span", `tag ${kind}`, text), why));
}

export function unknown(request: Request | undefined): string {
  if (request !== undefined && isUnrecorded(request))
    return "An exception left the app here; the panel shows where.";
  return request !== undefined && request.tries > 2 ? "no longer stored" : "…";
}

function isHeld({ record }: Request): boolean {
  return record?.warnings.some(([, text]) => text === HELD) === true;
}

function warns({ record }: Request, of: Warning[0]): boolean {
  return record?.warnings.some(([kind]) => kind === of) === true;
}

export function worst(requests: readonly Request[]): "error" | "sql" | "ink" | "mut" {
  if (requests.some((each) => (each.record?.status ?? each.status) >= 500)) return "error";
  return (
    (["error", "sql", "ink"] as const).find((kind) => requests.some((each) => warns(each, kind))) ?? "mut"
  );
}

function strip({ strip: parts, elapsed }: RequestRecord): HTMLElement {
  const part = ([kind, begin, end]: RequestRecord["strip"][number]): HTMLElement => {
    const part = make("i", kind);
    part.style.inset = `0 ${100 - (end / elapsed) * 100}% 0 ${(begin / elapsed) * 100}%`;
    return part;
  };
  return make("span", "strip wide", ...parts.map(part));
}
