/** A rule that can be picked. */

import type { JSX } from "preact";

import type { Rule } from "../../api/types";

export function RuleButton({
  rule,
  picked,
  never,
  why,
  onPick,
}: {
  readonly rule: Rule;
  readonly picked: boolean;
  readonly never?: boolean;
  readonly why?: string;
  readonly onPick: (rule: Rule) => void;
}): JSX.Element {
  return (
    <button
      type="button"
      class="rule"
      aria-current={picked ? "true" : undefined}
      onClick={() => {
        onPick(rule);
      }}
    >
      <code>
        <bdi>{rule.rule}</bdi>
      </code>
      <span class="k">{why ?? factsOf(rule, never === true)}</span>
    </button>
  );
}

/** Its methods and endpoint, its host, and whether it was ever asked for. */
function factsOf({ methods, endpoint, host, subdomain }: Rule, never: boolean): string {
  const own = methods.filter((each) => each !== "HEAD" && each !== "OPTIONS").join(" ");
  const where = [host, subdomain].find(Boolean) ?? "";
  return [own, endpoint, where, never ? "never requested" : ""]
    .filter((each, index) => index < 2 || each !== "")
    .join(" · ");
}
