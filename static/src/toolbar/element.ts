/** The element on the page: a bar, what it unfolds to, and what of both is remembered. */

import { time } from "../trace/format";
import { fill, make, path, svg, type Child } from "./dom";
import { idOf, isUntold, Requests, type Request } from "./requests";
import { STYLE } from "./style";
import type { Told, Warning } from "./types";
import { draw } from "./drawing";

export const NAME = "flask-lifecycle-toolbar";

const KEPT = "lifecycle-toolbar";
const CORNERS = ["bottom right", "bottom left", "top left", "top right"];
const WIDTH = 442;
/** So many pixels make a drag of a click. */
const FAR = 6;
/** What happens in here is not the page's: no shortcut, no trap for the focus, no click outside. */
const OWN = "keydown keyup keypress click pointerdown mousedown touchstart focusin focusout".split(" ");

interface Kept {
  readonly corner?: string;
  readonly shown?: "bar" | "open" | "dot";
}

function kept(): Kept {
  try {
    return { ...(JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Kept) };
  } catch {
    // A page may have no storage, and keep something else by this name.
    return {};
  }
}

export class Toolbar extends HTMLElement {
  #base = "";
  /** The panel's address, which may be on a host of its own. */
  #panel = "";
  requests: Requests | undefined;
  #kept = kept();
  /** The name of the request that was picked; the page's own where it is none of those shown. */
  #picked = "";

  readonly #facts = button("facts", "", () => {
    this.#keep({ shown: this.#kept.shown === "open" ? "bar" : "open" });
  });
  readonly #move = button(
    "move",
    "",
    () => {
      this.#keep(
        this.#kept.shown === "dot"
          ? { shown: "bar" }
          : { corner: CORNERS[(CORNERS.indexOf(this.#corner) + 1) % 4] ?? "" },
      );
    },
    icon(18, path("in", "M4 3v7a5 5 0 0 0 5 5"), path("out", "M9 15a5 5 0 0 0 5-5V3")),
  );
  readonly #hide = button(
    "hide",
    "Hide the toolbar",
    () => {
      this.#keep({ shown: "dot" });
    },
    icon(16, path("", "M4 4l8 8M12 4l-8 8")),
  );
  readonly #go = panelLink();
  readonly #controls = [this.#move, this.#facts, this.#go, this.#hide];
  readonly #more = make("section", "more");
  readonly #bar = make("div", "bar", ...this.#controls);
  readonly #box = make("aside", "", this.#more, this.#bar);
  readonly #root = this.attachShadow({ mode: "open" });

  constructor() {
    super();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.append(this.#box);
    this.#box.ariaLabel = "Flask's lifecycle";
    this.#bar.role = "toolbar";
    this.#bar.ariaLabel = "This page's request";
    this.#box.addEventListener("keydown", (event) => {
      this.#key(event);
    });
    this.#drag();
    this.#stop(this.#facts);
    for (const name of OWN)
      this.addEventListener(name, (event) => {
        event.stopPropagation();
      });
  }

  /** Show the request of a page that came with this tag. */
  open(tag: HTMLScriptElement): void {
    const base = new URL("./", tag.src).href;
    if (this.requests === undefined || base !== this.#base) {
      this.#base = base;
      this.requests = new Requests(base, () => {
        this.turn();
      });
    }
    const host = tag.dataset["host"];
    const panel = new URL(base);
    if (host !== undefined) panel.hostname = host;
    this.#panel = panel.href;
    this.#picked = "";
    this.requests.open(tag.dataset["lifecycle"] ?? "");
    this.#render();
  }

  /** Something is known anew; and the page's address may be another one. */
  turn(): void {
    if (this.requests?.turn() === true) this.#picked = "";
    // What is pressed must be there when it is let go.
    if (!this.matches(":active")) this.#render();
  }

  get #corner(): string {
    return CORNERS.find((each) => each === this.#kept.corner) ?? CORNERS[0] ?? "";
  }

  #keep(more: Kept): void {
    this.#kept = { ...this.#kept, ...more };
    try {
      localStorage.setItem(KEPT, JSON.stringify(this.#kept));
    } catch {
      // Without a storage it forgets.
    }
    const focused = this.#root.activeElement !== null;
    this.#render();
    this.requests?.ask(0);
    // What had the focus may be hidden now.
    if (focused && more.shown !== undefined)
      this.#stop(more.shown === "dot" ? this.#move : this.#facts).focus();
  }

  /** Follow the pointer; where it is let go, the nearest corner takes it. */
  #drag(): void {
    let from: PointerEvent | null = null;
    let far = false;
    this.#move.addEventListener("pointerdown", (event) => {
      from = event;
      far = false;
      this.#move.setPointerCapture(event.pointerId);
    });
    this.#move.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const [x, y] = [event.clientX - from.clientX, event.clientY - from.clientY];
      far ||= Math.hypot(x, y) > FAR;
      if (far) this.#box.style.translate = `${x}px ${y}px`;
    });
    for (const name of ["pointerup", "pointercancel"] as const)
      this.#move.addEventListener(name, ({ clientX, clientY }) => {
        from = null;
        this.#box.style.translate = "";
        if (far && name === "pointerup")
          this.#keep({
            corner: cornerAt(clientX, clientY),
          });
      });
    // The click that ends a drag is none.
    this.#move.addEventListener(
      "click",
      (event) => {
        if (far && event.detail > 0) event.stopImmediatePropagation();
      },
      { capture: true },
    );
  }

  /** One stop for Tab, arrows in between, as in any toolbar; Escape folds. */
  #key({ key, target }: KeyboardEvent): void {
    if (key === "Escape" && this.#kept.shown === "open") this.#keep({ shown: "bar" });
    const at = this.#controls.indexOf(target as HTMLAnchorElement);
    const by = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
    if (by !== 0 && at >= 0 && this.#kept.shown !== "dot")
      this.#stop(this.#controls.at((at + by) % 4) ?? this.#facts).focus();
  }

  #stop(control: HTMLElement): HTMLElement {
    for (const each of this.#controls) each.tabIndex = each === control ? 0 : -1;
    return control;
  }

  #render(): void {
    const requests = this.requests;
    if (requests === undefined) return;
    const { shown = "bar" } = this.#kept;
    const dot = shown === "dot";
    requests.mode = shown;
    const all = requests.shown;
    const page = all.find(({ name }) => name === requests.page);
    const bad = worst(all) === "error";
    this.#box.className = `root ${this.#corner} as-${shown}${bad ? " bad" : ""}`;
    if (dot) this.#stop(this.#move);
    this.#move.title = dot ? `Show the toolbar${bad ? ": a request failed" : ""}` : "Move to the next corner";
    this.#go.href = this.#address(page);
    const open = shown === "open";
    this.#facts.ariaExpanded = `${open}`;
    this.#facts.title = open ? "Fold" : "Unfold";
    fill(this.#facts, summary(page, all));
    if (open) this.#unfold(all, all.find(({ name }) => name === this.#picked) ?? page);
  }

  #address(request: Request | undefined): string {
    return `${this.#panel}#${request === undefined ? "" : idOf(request)}`;
  }

  #unfold(all: readonly Request[], request: Request | undefined): void {
    const focused = this.#root.activeElement?.id ?? "";
    const place = this.#more.scrollTop;
    fill(this.#more, [
      ...this.#described(request),
      all.length > 1 &&
        make("ol", "", ...all.map((each) => make("li", "", this.#row(each, each === request)))),
    ]);
    this.#more.scrollTop = place;
    this.#root.getElementById(focused)?.focus();
  }

  #described(request: Request | undefined): Child[] {
    const told = request?.told ?? null;
    if (told === null) return [make("p", "", unknown(request))];
    const address = this.#address(request);
    const link = panelLink();
    link.href = address;
    link.id = "panel";
    const about = [
      ...figures(told),
      make(
        "span",
        "mut",
        [told.sent === null ? "" : `sent in ${time(told.sent)}`, told.about].filter(Boolean).join(" · "),
      ),
    ];
    return [
      make(
        "header",
        "",
        make("div", "", make("h2", "", `${told.method} ${told.path}`), make("div", "about", ...about)),
        link,
      ),
      told.error !== null && make("p", "fault", told.error.join(": ")),
      draw(told, Math.min(WIDTH, innerWidth - 38), address),
    ];
  }

  #row(request: Request, pressed: boolean): HTMLElement {
    const { told, name } = request;
    const made = button("request", "", () => {
      this.#picked = name;
      this.#render();
    });
    const path = told?.path ?? request.path;
    const code = told?.status ?? request.status;
    made.append(
      make("span", "verb", told?.method ?? ""),
      status(code),
      titled(make("code", "", /30[12378]/.test(`${code}`) ? `${path} →` : path), path),
      make("span", "tags", ...(told === null ? [] : tags(told))),
      make("span", "num", told === null ? "" : time(told.elapsed)),
    );
    made.ariaPressed = `${pressed}`;
    made.id = name;
    return made;
  }
}

/** The corner that is nearest to a place on the page. */
function cornerAt(x: number, y: number): string {
  return `${y < innerHeight / 2 ? "top" : "bottom"} ${x < innerWidth / 2 ? "left" : "right"}`;
}

function summary(page: Request | undefined, all: readonly Request[]): Child[] {
  const told = page?.told ?? null;
  if (told === null) return [make("span", "mut", unknown(page))];
  const others = all.filter((each) => each !== page);
  const running = others.filter((each) => warns(each, "in")).length;
  return [
    ...figures(told, strip(told), make("span", "mut wide", `${told.step_count} steps`)),
    ...tags(told),
    others.length > 0 &&
      titled(make("span", `tag ${worst(others)}`, `+${others.length}`), "More requests of this page"),
    running > 0 && make("span", "tag in", `${running} running`),
  ];
}

function figures({ status: code, elapsed, sql, ends }: Told, ...more: readonly Node[]): Child[] {
  return [
    status(code ?? 0),
    make("b", "", time(elapsed)),
    ...more,
    sql[0] + ends[0] + ends[1] > 0 &&
      make(
        "span",
        "sql",
        `${sql[0]} SQL `,
        make("span", "wide", `${time(sql[1])}${counted(ends[0], "commit")}${counted(ends[1], "rollback")}`),
      ),
  ];
}

function counted(count: number, noun: string): string {
  return count === 0 ? "" : `, ${count} ${noun}${count === 1 ? "" : "s"}`;
}

function status(code: number): Node {
  return make("b", `s${Math.floor(code / 100)}`, code === 0 ? "…" : `${code}`);
}

function tags({ warnings }: Told): Node[] {
  return warnings.map(([kind, text, why]) => titled(make("span", `tag ${kind}`, text), why));
}

function unknown(request: Request | undefined): string {
  if (request !== undefined && isUntold(request))
    return "An exception left the app here; the panel shows where.";
  return request !== undefined && request.tries > 2 ? "no longer kept" : "…";
}

function warns({ told }: Request, of: Warning[0]): boolean {
  return told?.warnings.some(([kind]) => kind === of) === true;
}

function worst(requests: readonly Request[]): "error" | "warn" | "mut" {
  if (requests.some((each) => (each.told?.status ?? each.status) >= 500 || warns(each, "error")))
    return "error";
  return requests.some((each) => warns(each, "warn")) ? "warn" : "mut";
}

function strip({ strip: parts, elapsed }: Told): HTMLElement {
  const part = ([kind, begin, end]: Told["strip"][number]): HTMLElement => {
    const made = make("i", kind);
    made.style.inset = `0 ${100 - (end / elapsed) * 100}% 0 ${(begin / elapsed) * 100}%`;
    return made;
  };
  return make("span", "strip wide", ...parts.map(part));
}

function button(cls: string, name: string, act: () => void, ...children: readonly Node[]): HTMLButtonElement {
  const made = make("button", cls, ...children);
  made.title = name;
  made.addEventListener("click", act);
  return made;
}

function panelLink(): HTMLAnchorElement {
  const made = titled(
    make("a", "go", icon(16, path("", "M6 3H3v10h10v-3M9 3h4v4M13 3L7 9"))),
    "Open this request in the panel",
  );
  made.target = "_blank";
  made.rel = "noopener";
  return made;
}

function titled<E extends HTMLElement>(element: E, title: string): E {
  element.title = title;
  return element;
}

function icon(size: number, ...paths: readonly Node[]): Node {
  return svg("svg", { width: size, height: size }, ...paths);
}
