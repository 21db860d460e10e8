/** A profile's tree as rows of boxes, and the functions that took most of its time. */

import type { Json, ProfileNode } from "../../api/types";

export interface Box {
  readonly node: ProfileNode;
  readonly depth: number;
  /** Parts of the width, 0 to 1. */
  readonly left: number;
  readonly width: number;
  readonly parent: number | null;
}

export interface Taken {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly own: boolean;
  /** Nanoseconds in the function itself. */
  readonly self: number;
}

const NARROWEST = 0.001;
/** As in flask_lifecycle/collectors/profiler.py. */
const DEEPEST = 100;

interface Node extends ProfileNode {
  readonly children: Node[];
}

/** A profile as a tree; null where there is none, or a file has something else. */
export function profileOf(profile: Json | undefined): ProfileNode | null {
  const { files, nodes } = (profile ?? {}) as Readonly<Record<string, Json | undefined>>;
  if (!Array.isArray(files) || !Array.isArray(nodes)) return null;
  const made: { readonly node: Node; readonly depth: number }[] = [];
  for (const each of nodes as readonly Json[]) {
    const node = nodeOf(each, files as readonly Json[]);
    if (node === null) return null;
    const [caller] = each as readonly Json[];
    const parent = typeof caller === "number" ? made[caller] : undefined;
    if ((caller === null) !== (made.length === 0) || (caller !== null && parent === undefined)) return null;
    const depth = (parent?.depth ?? -1) + 1;
    if (depth > DEEPEST) return null;
    parent?.node.children.push(node);
    made.push({ node, depth });
  }
  return made[0]?.node ?? null;
}

function nodeOf(row: Json, files: readonly Json[]): Node | null {
  if (!Array.isArray(row)) return null;
  const [, name, at, line, time, self, own] = row as readonly Json[];
  const file = typeof at === "number" ? files[at] : undefined;
  if (typeof name !== "string" || typeof file !== "string" || typeof own !== "boolean") return null;
  if (typeof line !== "number" || typeof time !== "number" || typeof self !== "number") return null;
  return { name, file, line, time, self, own, children: [] };
}

/** The boxes of a tree, a caller before what it called. Times that do not fit are cut. */
export function boxes(root: ProfileNode): readonly Box[] {
  const boxes: Box[] = [];
  const put = (
    node: ProfileNode,
    depth: number,
    left: number,
    width: number,
    parent: number | null,
  ): void => {
    const index = boxes.push({ node, depth, left, width, parent }) - 1;
    let at = left;
    for (const child of node.children) {
      const part = node.time > 0 ? Math.min(width * (child.time / node.time), left + width - at) : 0;
      if (part >= NARROWEST) put(child, depth + 1, at, part, index);
      at += part;
    }
  };
  put(root, 0, 0, 1, null);
  return boxes;
}

/** The functions in which most time was spent, wherever they were called. */
export function hottest(root: ProfileNode, most: number): readonly Taken[] {
  const totals = new Map<string, Taken>();
  const visit = (node: ProfileNode): void => {
    const key = `${node.file}:${node.line}:${node.name}`;
    totals.set(key, {
      name: node.name,
      file: node.file,
      line: node.line,
      own: node.own,
      self: (totals.get(key)?.self ?? 0) + node.self,
    });
    node.children.forEach(visit);
  };
  visit(root);
  return [...totals.values()]
    .filter((taken) => taken.self > 0)
    .sort((a, b) => b.self - a.self)
    .slice(0, most);
}

/** The box that an arrow key leads to: out, in, or a neighbour; the same one if there is none. */
export function beside(all: readonly Box[], at: number, key: string): number {
  const here = all[at];
  if (here === undefined) return at;
  if (key === "ArrowUp") return here.parent ?? at;
  if (key === "ArrowDown") {
    const child = all.findIndex((box) => box.parent === at);
    return child < 0 ? at : child;
  }
  const row = all.map((box, index) => ({ box, index })).filter(({ box }) => box.depth === here.depth);
  const place = row.findIndex(({ index }) => index === at) + (key === "ArrowRight" ? 1 : -1);
  return row[place]?.index ?? at;
}

/** The end of a file's path, which identifies it. */
export function shortened(file: string): string {
  const parts = file.split(/[\\/]/);
  const at = parts.lastIndexOf("site-packages");
  return at >= 0 ? parts.slice(at + 1).join("/") : parts.slice(-2).join("/");
}
