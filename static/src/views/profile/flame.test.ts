import { describe, expect, it } from "vitest";

import type { Json, ProfileNode } from "../../api/types";
import { beside, boxes, hottest, profileOf, shortened } from "./flame";

function node(name: string, time: number, self: number, children: readonly ProfileNode[] = []): ProfileNode {
  return { name, file: `/app/${name}.py`, line: 1, time, self, own: true, children };
}

const TREE = node("root", 100, 10, [node("a", 60, 20, [node("c", 40, 40)]), node("b", 30, 30)]);

describe("profileOf", () => {
  const files = ["/app/root.py", "/app/a.py"];
  const root = [null, "root", 0, 1, 100, 40, true];
  const inner = [0, "a", 1, 1, 60, 60, false];

  it("is a tree of the nodes, each of which follows its caller", () => {
    expect(profileOf({ files, nodes: [root, inner, [1, "b", 0, 2, 10, 10, true]] })).toEqual({
      ...node("root", 100, 40),
      children: [
        { ...node("a", 60, 60), own: false, children: [{ ...node("root", 10, 10), name: "b", line: 2 }] },
      ],
    });
  });

  it("is null where a file has something else", () => {
    const chain = [root, ...Array.from({ length: 5000 }, (_, at) => [at, "a", 1, 1, 60, 60, false])];
    const wrong = [
      ...[undefined, null, 5, "x", [], {}, { files, nodes: [] }, { files: {}, nodes: [root] }],
      ...[[inner], [root, root], [root, [1, "a", 1, 1, 60, 60, false]], [root, null], [root, []], chain].map(
        (nodes) => ({ files, nodes }),
      ),
      ...[
        [null, 5, 0, 1, 1, 1, true],
        [null, "a", 9, 1, 1, 1, true],
        [null, "a", 0, 1, "1", 1, true],
      ].map((only) => ({ files, nodes: [only] })),
    ];
    for (const each of wrong) expect(profileOf(each as Json)).toBeNull();
  });
});

describe("boxes", () => {
  it("are as wide as their part of the time, inside their callers", () => {
    const found = boxes(TREE).map(({ node: { name }, depth, left, width }) => [
      name,
      depth,
      left,
      Number(width.toFixed(3)),
    ]);
    expect(found).toEqual([
      ["root", 0, 0, 1],
      ["a", 1, 0, 0.6],
      ["c", 2, 0, 0.4],
      ["b", 1, 0.6, 0.3],
    ]);
  });

  it("never leave their caller, whatever the times say", () => {
    const odd = boxes(node("root", 10, 0, [node("a", 9, 9), node("b", 9, 9), node("zero", 0, 0)]));
    for (const box of odd) expect(box.left + box.width).toBeLessThanOrEqual(1.0000001);
    expect(boxes(node("empty", 0, 0, [node("a", 0, 0)]))).toHaveLength(1);
  });
});

describe("hottest", () => {
  it("adds a function's own time up, wherever it was called", () => {
    const twice = node("root", 100, 5, [node("a", 50, 50), node("b", 45, 10, [node("a", 35, 35)])]);
    expect(hottest(twice, 2).map(({ name, self }) => [name, self])).toEqual([
      ["a", 85],
      ["b", 10],
    ]);
  });
});

describe("beside", () => {
  it("goes out, in and along a row, and stays where nothing is", () => {
    const all = boxes(TREE);
    expect([beside(all, 0, "ArrowDown"), beside(all, 1, "ArrowDown"), beside(all, 2, "ArrowDown")]).toEqual([
      1, 2, 2,
    ]);
    expect([beside(all, 2, "ArrowUp"), beside(all, 0, "ArrowUp")]).toEqual([1, 0]);
    expect([beside(all, 1, "ArrowRight"), beside(all, 3, "ArrowRight"), beside(all, 3, "ArrowLeft")]).toEqual(
      [3, 3, 1],
    );
  });
});

it("shortens a path to what tells files apart", () => {
  expect(shortened("/venv/lib/python3.12/site-packages/flask/app.py")).toBe("flask/app.py");
  expect(shortened("C:\\work\\shop\\views.py")).toBe("shop/views.py");
  expect(shortened("<template>")).toBe("<template>");
});
