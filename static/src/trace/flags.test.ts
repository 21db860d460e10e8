import { expect, it } from "vitest";

import type { Trace } from "../api/types";
import { trace, type Row } from "../testing/traces";
import { summarize } from "./summary";

const labels = (rows: readonly Row[], more: Partial<Trace> = {}): readonly string[] =>
  summarize({ ...trace([["view", "index", {}, rows]]), ...more }).flags.map(
    ([kind, label]) => `${kind} ${label}`,
  );
const sent = (parameter: number): Row => [
  "sql",
  "SELECT ?",
  { detail: { kind: "statement", statement: "SELECT ?", parameters: [parameter] } },
];
const raised = (type: string, message: string): Row => [
  "error_handler",
  "handler",
  { outcome: "raised", error: { type, message } },
];

it.each<[string, readonly Row[], Partial<Trace>, readonly string[]]>([
  ["nothing", [], {}, []],
  ["an HTTP exception", [raised("NotFound", "404 Not Found: no")], { status: 404 }, []],
  [
    "an HTTP exception with 5xx",
    [raised("BadGateway", "502 Bad Gateway: no")],
    { status: 502 },
    ["error BadGateway"],
  ],
  ["an exception", [raised("OutOfStock", "none")], { status: 409 }, ["error OutOfStock"]],
  ["N+1", [1, 2, 3, 4, 5, 6].map(sent), {}, ["sql N+1: 6×"]],
  ["the same twice", [1, 2, 1].map(sent), {}, ["sql 2× same query"]],
  [
    "logs",
    [
      ["log", "", { detail: { level: "WARNING" } }],
      ["log", "", { detail: { level: "INFO" } }],
    ],
    {},
    ["ink log! 1"],
  ],
  ["slow", [], { app_time: 600_000_000 }, ["ink slow"]],
])("of a request from a file are as the server's: %s", (_, rows, more, expected) => {
  expect(labels(rows, more)).toEqual(expected);
});
