/** The toolbar on the app's own pages: one custom element, which says of the page what the panel would. */

import { time } from "../format";
import { STYLE } from "./style";

interface Said {
  readonly id: string;
  readonly state: "running" | "done";
  readonly method: string;
  readonly path: string;
  readonly endpoint: string | null;
  readonly status: number | null;
  readonly duration: number | null;
  readonly elapsed: number;
  readonly step_count: number;
  readonly strip: readonly (readonly [kind: string, begin: number, end: number])[];
  readonly error: { readonly type: string; readonly message: string } | null;
  readonly sql: { readonly count: number; readonly time: number; readonly most: number };
  readonly hooks: readonly (readonly [stage: string, name: string, took: number])[];
}

interface Kept {
  readonly corner?: string;
  readonly shown?: "bar" | "open" | "dot";
}

const NAME = "flask-lifecycle-toolbar";
const KEPT = "lifecycle-toolbar";
const CORNERS = ["bottom right", "bottom left", "top left", "top right"] as const;
const TRIES = 40;

function kept(): Kept {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Kept;
  } catch {
    return {};
  }
}

function keep(more: Kept): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...kept(), ...more }));
  } catch {
    // A page may have no storage; the toolbar then forgets.
  }
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, cls: string, ...children: readonly (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = cls;
  made.append(...children);
  return made;
}

class Toolbar extends HTMLElement {
  private readonly root = this.attachShadow({ mode: "open" });
  private said: Said | null = null;

  connectedCallback(): void {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.root.adoptedStyleSheets = [sheet];
    // Keys pressed in here are not the page's.
    for (const name of ["keydown", "keyup", "keypress"]) this.addEventListener(name, (event) => { event.stopPropagation(); });
    this.draw();
    void this.ask(TRIES);
  }

  /** Ask until the request is over: the page arrives before its teardown is recorded. */
  private async ask(tries: number): Promise<void> {
    try {
      const answer = await fetch(this.dataset["url"] ?? "", { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.status.toString());
      this.said = (await answer.json()) as Said;
    } catch {
      this.dataset["lost"] = "";
    }
    this.draw();
    if (tries > 0 && this.said?.state === "running") setTimeout(() => void this.ask(tries - 1), 100);
  }

  private draw(): void {
    const { corner = CORNERS[0], shown = "bar" } = kept();
    this.className = corner;
    const bar = make("div", "bar", ...(shown === "dot" ? [] : this.facts()), ...this.buttons(shown));
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "This page's request");
    this.root.replaceChildren(...(shown === "open" && this.said !== null ? [this.more(this.said)] : []), bar);
  }

  private facts(): Node[] {
    const said = this.said;
    if (said === null) return [make("span", "mut", "lost" in this.dataset ? "lifecycle: not reached" : "…")];
    const lasted = said.duration ?? said.elapsed;
    const link = make("a", `status s${Math.floor((said.status ?? 0) / 100).toString()}`, `${said.status?.toString() ?? "–"}`);
    link.href = this.dataset["panel"] ?? "";
    link.target = "lifecycle";
    link.title = "Open this request in the panel";
    const facts = [link, make("span", "num", time(lasted)), strip(said, lasted), make("span", "mut", `${said.step_count.toString()} steps`)];
    if (said.sql.count > 0) facts.push(make("span", "sql", `${said.sql.count.toString()} SQL ${time(said.sql.time)}`));
    if (said.sql.most > 2) facts.push(make("span", "warn", `same ×${said.sql.most.toString()}`));
    if (said.error !== null) facts.push(make("span", "err", said.error.type));
    return facts;
  }

  private buttons(shown: string): Node[] {
    const button = (label: string, text: string, act: () => void): Node => {
      const made = make("button", "", text);
      made.type = "button";
      made.title = label;
      made.setAttribute("aria-label", label);
      made.addEventListener("click", () => {
        act();
        this.draw();
      });
      return made;
    };
    if (shown === "dot") return [button("Show the toolbar", "U", () => { keep({ shown: "bar" }); })];
    return [
      button(shown === "open" ? "Less" : "More", shown === "open" ? "▾" : "▴", () => { keep({ shown: shown === "open" ? "bar" : "open" }); }),
      button("Move", "↻", () => { keep({ corner: CORNERS[(CORNERS.findIndex((each) => each === (kept().corner ?? CORNERS[0])) + 1) % CORNERS.length] ?? CORNERS[0] }); }),
      button("Hide", "–", () => { keep({ shown: "dot" }); }),
    ];
  }

  /** The way in and the way out, as two columns. */
  private more(said: Said): Node {
    const column = (stages: readonly string[], title: string): Node =>
      make("ol", "", make("li", "mut", title), ...said.hooks.filter(([stage]) => stages.includes(stage)).map(([, name, took]) => make("li", "", make("code", "", name), make("span", "num", time(took)))));
    return make(
      "div", "more",
      make("p", "", make("b", "", `${said.method} ${said.path}`), ` ${said.endpoint ?? ""}`),
      make("div", "columns", column(["url_value_preprocessor", "before_request", "view"], "in"), column(["error_handler", "after_this_request", "after_request", "teardown_request", "teardown_appcontext"], "out")),
      ...(said.error === null ? [] : [make("p", "err", `${said.error.type}: ${said.error.message}`)]),
    );
  }
}

function strip(said: Said, lasted: number): HTMLElement {
  const made = make("span", "strip");
  for (const [kind, begin, end] of said.strip) {
    const part = make("i", kind);
    part.style.left = `${((begin / Math.max(1, lasted)) * 100).toFixed(2)}%`;
    part.style.width = `${(((end - begin) / Math.max(1, lasted)) * 100).toFixed(2)}%`;
    made.append(part);
  }
  return made;
}

/** Each page brings a tag; there is one element, which stays where only the body is exchanged. */
function start(): void {
  const tag = [...document.querySelectorAll<HTMLScriptElement>("script[data-lifecycle]")].at(-1);
  if (tag === undefined) return;
  if (customElements.get(NAME) === undefined) customElements.define(NAME, Toolbar);
  document.querySelector(NAME)?.remove();
  const element = document.createElement(NAME);
  element.dataset["url"] = tag.dataset["url"] ?? "";
  element.dataset["panel"] = tag.dataset["panel"] ?? "";
  document.documentElement.append(element);
}

start();
