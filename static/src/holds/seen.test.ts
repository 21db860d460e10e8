import { describe, expect, it } from "vitest";

import type { Step, Trace } from "../api/types";
import { tell, STORIES } from "../testing/fixtures";
import { noArguments, notYet, requestRows, responseRows, rowsOf, sessionSays } from "./seen";

const setting = (step: Step, name: string): Step => ({
  ...step,
  detail: { changes: { g: { added: { [name]: 1 }, changed: {}, removed: [] } } },
});

describe("what is seen", () => {
  it("is written as Python does, and says what is masked", () => {
    expect(rowsOf({ id: "8f", on: true, token: "••••••", user: "<User 7>" })).toEqual([
      { name: "id", value: '"8f"', says: "" },
      { name: "on", value: "True", says: "" },
      { name: "token", value: "••••••", says: "masked" },
      { name: "user", value: "<User 7>", says: "" },
    ]);
    expect(rowsOf(null)).toEqual([]);
  });

  it("has what matters of a request and of a response", () => {
    const request = {
      endpoint: "ship",
      view_args: { id: 42 },
      form: [["carrier", "dhl"]],
      cookies: [["session", "••••••"]],
      headers: [["Host", "localhost"]],
      client: "127.0.0.1",
    };
    expect(requestRows(request).map(({ name, value, says }) => [name, value, says])).toEqual([
      ["endpoint", "ship", ""],
      ["view_args", '{"id": 42}', ""],
      ["form", 'carrier="dhl"', ""],
      ["remote_addr", "127.0.0.1", ""],
      ["cookies", "session=••••••", "masked"],
    ]);
    expect(requestRows({ endpoint: null })[0]?.value).toBe("none: no rule matched yet");
    expect(responseRows({ status: "200 OK", headers: [["ETag", "x"]] })).toHaveLength(2);
    expect(noArguments("before_request", false)).toBe("none: before_request functions get none");
    expect(noArguments("view", true)).toBe("it has run");
  });

  it("says what is not there yet, as an earlier request set it", () => {
    const whole: Trace = tell(STORIES.typical);
    const steps = whole.steps.map((step) =>
      step.name === "assign_request_id"
        ? setting(step, "request_id")
        : step.name === "load_user"
          ? setting(step, "user")
          : step.name === "load_warehouse"
            ? setting(step, "warehouse")
            : step,
    );
    const held = steps.find(({ name }) => name === "load_user") as Step;
    const trace = { ...whole, steps: steps.slice(0, held.id + 1) };
    expect(notYet("g", { request_id: "8f" }, trace, held, steps)).toEqual([
      { name: "user", value: "", says: "not yet: this step sets it" },
      { name: "warehouse", value: "", says: "not yet: load_warehouse sets it" },
    ]);
    // What has run and set nothing this time is not to come.
    expect(notYet("g", {}, trace, held, steps).map(({ name }) => name)).not.toContain("request_id");
    expect(notYet("session", {}, trace, held, steps)).toEqual([]);
    expect(sessionSays(trace)).toBe("unchanged");
  });
});
