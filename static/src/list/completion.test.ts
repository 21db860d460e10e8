import { describe, expect, test } from "vitest";

import { complete } from "./completion";
import { parse } from "../trace/filter";
import { summary } from "../testing/traces";

const traces = [
  summary("3", { method: "POST", status: 404, path: "/a b" }),
  summary("2", { blueprints: ["admin", "admin.orders"], endpoint: "admin.orders.show" }),
  summary("1"),
];
const texts = (draft: string): readonly string[] => complete(draft, traces).map((option) => option.text);

describe("completion", () => {
  test("begins with names", () => {
    expect(texts("")).toContain("status:");
    expect(texts("me")).toEqual(["method:"]);
    expect(texts("-PA")).toEqual(["-path:"]);
    expect(texts("zzz")).toEqual([]);
  });
  test("goes on with what the requests have, the most frequent first", () => {
    expect(texts("method:")).toEqual(["method:GET", "method:POST"]);
    expect(texts("status:")).toEqual(["status:200", "status:2xx", "status:404", "status:4xx"]);
    expect(texts("-bp:admin.")).toEqual(["-bp:admin.orders"]);
    expect(texts("endpoint:a")).toEqual(["endpoint:admin.orders.show"]);
    expect(texts("is:r")).toEqual(["is:running"]);
    expect(texts("path:/a")).toEqual(['path:"/a b"']);
  });
  test.each(["status:", "bp:", "is:", "has:", "path:", "method:"])(
    "what it offers for %s is understood",
    (draft) => {
      for (const { text } of complete(draft, traces)) expect(parse(text).errors).toEqual([]);
    },
  );
});
