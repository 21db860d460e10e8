import { expect, test } from "vitest";

import { curl, originOf } from "./curl";
import { step, summary } from "../testing/traces";
import type { Trace } from "../api/types";

const trace = (more: Partial<Trace>): Trace => ({ ...summary("a"), steps: [], ...more });

test.each([
  [{ path: "/x" }, "curl http://127.0.0.1/x"],
  [{ path: "/x", query: "a=1&b=••••••" }, "curl 'http://127.0.0.1/x?a=1&b=••••••'"],
  [{ path: "/x", method: "POST" }, "curl --request POST http://127.0.0.1/x"],
  [{ path: "/a?b#c", query: "d=1" }, "curl 'http://127.0.0.1/a%3Fb%23c?d=1'"],
  [{ path: "/x", method: "HEAD" }, "curl --head http://127.0.0.1/x"],
  [{ path: "/it's; rm" }, String.raw`curl 'http://127.0.0.1/it'\''s;%20rm'`],
])("%o", (more, command) => {
  expect(curl(trace(more), "http://127.0.0.1")).toBe(command);
});

test("a recording is repeated where it was sent", () => {
  const request = {
    headers: [
      ["Accept", "*/*"],
      ["Host", "shop.test:5000"],
    ],
  };
  const sent = { ...step(0), detail: { request } };
  expect(originOf(trace({ steps: [sent] }))).toBe("http://shop.test:5000");
  expect(originOf(trace({}))).toBe("http://localhost");
});
