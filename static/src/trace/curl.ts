/** A curl command that repeats a request. */

import type { Json, Trace } from "../api/types";

export const MASK = "••••••";
/** Headers that curl sets itself, or that belong to the browser. */
const LEFT_OUT =
  /^(host|connection|content-length|accept-encoding|cookie|upgrade-insecure-requests|sec-.*)$/i;

/** A curl command for the same request; redacted values are left out or stay redacted. */
export function curl(trace: Trace, origin: string): string {
  const url = urlOf(trace, origin);
  const method =
    trace.method === "GET" ? "" : trace.method === "HEAD" ? "--head " : `--request ${quoted(trace.method)} `;
  return [`curl ${method}${quoted(url)}`, ...headers(trace), ...body(trace)].join(" ");
}

/** Where a request was sent, by its own Host: in a recording, the page is elsewhere. */
export function originOf(trace: Trace): string {
  const [, host] = pairs(field(trace, "headers")).find(([name]) => /^host$/i.test(name)) ?? [];
  return `http://${host ?? "localhost"}`;
}

/** The address of a request; a question mark or a number sign in its path is no other part of it. */
export function urlOf({ path, query }: Pick<Trace, "path" | "query">, origin: string): string {
  const encoded = encodeURI(path).replace(/[?#]/g, encodeURIComponent);
  return `${origin}${encoded}${query === "" ? "" : `?${query}`}`;
}

function field(trace: Trace, name: string): Json | undefined {
  const request = trace.steps[0]?.detail["request"];
  return typeof request === "object" && request !== null && !Array.isArray(request)
    ? (request as { readonly [key: string]: Json })[name]
    : undefined;
}

function pairs(value: Json | undefined): readonly (readonly [string, string])[] {
  return Array.isArray(value) ? (value as readonly (readonly [string, string])[]) : [];
}

function headers(trace: Trace): readonly string[] {
  return ownHeaders(trace).map(([name, value]) => `--header ${quoted(`${name}: ${value}`)}`);
}

/** The headers of a request that a client sets by itself, as far as they are not masked. */
export function ownHeaders(trace: Trace): readonly (readonly [name: string, value: string])[] {
  return pairs(field(trace, "headers")).filter(
    ([name, value]) => !LEFT_OUT.test(name) && !value.includes(MASK),
  );
}

function body(trace: Trace): readonly string[] {
  const json = field(trace, "json");
  if (json !== undefined) return [`--data ${quoted(JSON.stringify(json))}`];
  return pairs(field(trace, "form")).map(([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`);
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
