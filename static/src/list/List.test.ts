import { h, render } from "preact";
import { expect, it } from "vitest";

import { EMPTY } from "../state/state";
import { change } from "../state/store";
import { summary } from "../testing/traces";
import { List } from "./List";

it("says of a request that failed that it did, whatever was answered before", () => {
  const error = { type: "ValueError", message: "", step: null };
  const answered = [200, 500, 200, null].map((status, index) =>
    summary(`${9 - index}`, { status, error: index === 0 ? null : error }),
  );
  change(() => ({ ...EMPTY, epoch: "one", traces: answered, kept: answered.length }));
  const box = document.createElement("div");
  render(h(List, {}), box);
  const said = [...box.querySelectorAll(".row .s")].map(
    (each) => `${each.textContent.trim()} ${each.className}`,
  );
  expect(said).toEqual(["200 s s2", "500 s s5", "200 ✕ s s5", "500 by the server ✕ s s5"]);
});

it("keeps the last word of a path, with its slash, where there is no room for all", () => {
  change(() => ({
    ...EMPTY,
    epoch: "one",
    traces: ["/admin/post/edit/", "/shop/book/2", "/"].map((path, index) =>
      summary(`${9 - index}`, { path }),
    ),
    kept: 3,
  }));
  const box = document.createElement("div");
  render(h(List, {}), box);
  expect(
    [...box.querySelectorAll(".row .p")].map((each) => [
      each.firstElementChild?.textContent,
      each.lastChild?.textContent,
    ]),
  ).toEqual([
    ["/admin/post", "/edit/"],
    ["/shop/book", "/2"],
    ["/", ""],
  ]);
});
