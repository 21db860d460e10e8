/**
 * The script of recordings: it opens the one in its own page, and defines an element for other pages,
 * `<lifecycle-recording src="bug.json" view="timeline" step="7">`.
 */

import { open } from "virtual:app";

import type { Recording } from "../api/types";
import { partOf } from "../trace/recorded";
import { LARGEST, readRecording } from "./read";
import elementStyles from "../styles/element.css?inline";

/** What an element is to show; null is left as it is. */
export interface Wanted {
  readonly view: string | null;
  readonly step: number | null;
}

export interface Handle {
  readonly show: (wanted: Wanted) => void;
}

const DATA = "lifecycle-recording";

function openPage(data: HTMLElement): void {
  // A browser that saves the page may save what was drawn in it, too.
  document.getElementById("panel")?.remove();
  const root = document.createElement("div");
  root.id = "panel";
  document.body.prepend(root);
  const recording = readRecording(data.textContent);
  if (typeof recording === "string") fail(root, `This recording cannot be shown: ${recording}`);
  else open(null, recording, () => undefined);
}

function fail(root: HTMLElement, sentence: string): void {
  const says = document.createElement("p");
  says.setAttribute("role", "alert");
  says.style.cssText = "margin: 2em; font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere";
  says.textContent = sentence;
  root.replaceChildren(says);
}

/** The text of a recording at an address, which may be compressed. */
async function fetched(url: URL): Promise<string> {
  const response = await fetch(url).catch(() => {
    throw new Error("it could not be loaded.");
  });
  if (!response.ok) throw new Error(`the server answers ${response.status}.`);
  const data = await limited(response.body);
  const [first, second] = new Uint8Array(await data.slice(0, 2).arrayBuffer());
  const isCompressed = first === 0x1f && second === 0x8b;
  return (isCompressed ? await unzipped(data) : data).text();
}

function unzipped(data: Blob): Promise<Blob> {
  return limited(data.stream().pipeThrough(new DecompressionStream("gzip"))).catch((error: unknown) => {
    throw error instanceof TooLarge ? error : new Error("its compressed content is damaged or cut off.");
  });
}

class TooLarge extends Error {
  override readonly message = "it is larger than 100 MB, the most that is read.";
}

/** The content of a stream, of which no more is read than a recording may have. */
async function limited(stream: ReadableStream<Uint8Array<ArrayBuffer>> | null): Promise<Blob> {
  const reader = stream?.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let size = 0; ;) {
    const { value } = (await reader?.read()) ?? {};
    if (value === undefined) return new Blob(chunks);
    size += value.byteLength;
    if (size > LARGEST) {
      void reader?.cancel();
      throw new TooLarge();
    }
    chunks.push(value);
  }
}

/** The request that an address names, with those inside it; all of them, if it names none. */
function named(recording: Recording, src: string): Recording {
  const [, hash] = src.split("#");
  const trace = recording.traces.find(({ id }) => id === hash || encodeURIComponent(id) === hash);
  if (trace === undefined) return recording;
  const inner = recording.traces.filter(({ parent }) => parent === trace.id);
  return partOf(recording, new Set([trace, ...inner].map(({ id }) => id)));
}

class LifecycleRecording extends HTMLElement {
  static readonly observedAttributes = ["src", "view", "step"];

  readonly #tree = this.attachShadow({ mode: "open" });
  #handle: Handle | null = null;
  #loads = 0;

  connectedCallback(): void {
    void this.#load();
  }

  disconnectedCallback(): void {
    this.#clear();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.isConnected || before === after) return;
    if (name === "src") void this.#load();
    else this.#show();
  }

  #clear(): void {
    this.#handle = null;
    this.#loads += 1;
    this.#tree.replaceChildren();
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(elementStyles);
    this.#tree.adoptedStyleSheets = [sheet];
  }

  async #load(): Promise<void> {
    this.#clear();
    const [src, load] = [this.getAttribute("src"), this.#loads];
    if (src === null) return;
    const recording = await fetched(new URL(src, document.baseURI)).then(readRecording, (error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    // By now, it may have been removed, or have another source.
    if (load !== this.#loads) return;
    const frame = document.createElement("div");
    frame.className = "element";
    const root = document.createElement("div");
    root.id = "panel";
    root.className = "root";
    frame.append(root);
    this.#tree.append(frame);
    if (typeof recording === "string") fail(root, `${src} cannot be shown: ${recording}`);
    else
      open(root, named(recording, src), (handle) => {
        this.#handle = handle;
        this.#show();
      });
  }

  #show(): void {
    const step = this.getAttribute("step") ?? "";
    this.#handle?.show({
      view: this.getAttribute("view"),
      step: /^\d+$/.test(step) ? Number(step) : null,
    });
  }
}

const data = document.getElementById(DATA);
if (data instanceof HTMLScriptElement && data.type === "application/json") openPage(data);
else if (customElements.get(DATA) === undefined) customElements.define(DATA, LifecycleRecording);
