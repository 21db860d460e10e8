/** The custom element on the page: the bar, its expanded part, and their stored state. */

import { time } from "../trace/format";
import { button, icon, panelLink, titled } from "./controls";
import { figures, status, summary, tags, unknown, worst } from "./facts";
import { fill, make, path, type Child } from "./dom";
import { idOf, Requests, type Request } from "./requests";
import { STYLE } from "./style";
import { draw } from "./drawing";

export const NAME = "flask-lifecycle-toolbar";

const KEPT = "lifecycle-toolbar";
const CORNERS = ["bottom right", "bottom left", "top left", "top right"];
const WIDTH = 442;
/** The distance in px from which a click is a drag. */
const FAR = 6;
/** Events in here are hidden from the page: its shortcuts, focus traps and outside clicks. */
const OWN = "keydown keyup keypress click pointerdown mousedown touchstart focusin focusout".split(" ");

interface Kept {
  readonly corner?: string;
  readonly shown?: "bar" | "open" | "dot";
}

function stored(): Kept {
  try {
    return { ...(JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Kept) };
  } catch {
    // A page may have no storage, or another value under this name.
    return {};
  }
}

export class Toolbar extends HTMLElement {
  #base = "";
  /** The panel's address, which may be on a host of its own. */
  #panel = "";
  requests: Requests | undefined;
  #kept = stored();
  /** The name of the selected request; the page's own if it is not among those shown. */
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

  /** Update for new data; the page's URL may have changed. */
  turn(): void {
    if (this.requests?.turn() === true) this.#picked = "";
    // A pressed element must still exist when it is released.
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
      // Without storage, nothing is remembered.
    }
    const focused = this.#root.activeElement !== null;
    this.#render();
    this.requests?.ask(0);
    // The focused element may be hidden now.
    if (focused && more.shown !== undefined)
      this.#stop(more.shown === "dot" ? this.#move : this.#facts).focus();
  }

  /** Follow the pointer; when released, move to the nearest corner. */
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
    // Ignore the click that ends a drag.
    this.#move.addEventListener(
      "click",
      (event) => {
        if (far && event.detail > 0) event.stopImmediatePropagation();
      },
      { capture: true },
    );
  }

  /** One tab stop, arrow keys inside, as in any toolbar; Escape collapses. */
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
    fill(this.#facts, summary(page, all, requests.held ?? 0));
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
    const record = request?.record ?? null;
    if (record === null) return [make("p", "", unknown(request))];
    const address = this.#address(request);
    const link = panelLink();
    link.href = address;
    link.id = "panel";
    const about = [
      ...figures(record),
      make(
        "span",
        "mut",
        [record.sent === null ? "" : `sent in ${time(record.sent)}`, record.about]
          .filter(Boolean)
          .join(" · ")
          // A number stays with its noun.
          .replace(/(\d) /g, "$1\u00a0"),
      ),
    ];
    return [
      make(
        "header",
        "",
        make("div", "", make("h2", "", `${record.method} ${record.path}`), make("div", "about", ...about)),
        link,
      ),
      record.error !== null && make("p", "fault", record.error.join(": ")),
      draw(record, Math.min(WIDTH, innerWidth - 38), address),
    ];
  }

  #row(request: Request, pressed: boolean): HTMLElement {
    const { record, name } = request;
    const item = button("request", "", () => {
      this.#picked = name;
      this.#render();
    });
    const path = record?.path ?? request.path;
    const code = record?.status ?? request.status;
    item.append(
      make("span", "verb", record?.method ?? ""),
      status(code),
      titled(make("code", "", /30[12378]/.test(`${code}`) ? `${path} →` : path), path),
      make("span", "tags", ...(record === null ? [] : tags(record))),
      make("span", "num", record === null ? "" : time(record.elapsed)),
    );
    item.ariaPressed = `${pressed}`;
    item.id = name;
    return item;
  }
}

/** The corner nearest to a position on the page. */
function cornerAt(x: number, y: number): string {
  return `${y < innerHeight / 2 ? "top" : "bottom"} ${x < innerWidth / 2 ? "left" : "right"}`;
}
