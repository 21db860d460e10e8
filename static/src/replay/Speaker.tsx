/** The speaker's window: what is on the stage, what comes next, notes and the time. */

import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import "../styles/speaker.css";
import { untilText } from "../holds/words";
import { readPreference, writePreference } from "../state/preferences";
import type { Part } from "../trace/captions";
import { brief } from "../trace/holds";
import { channelOf, type HeldShown, type Key, type Message, type Shown } from "./channel";

const LONGEST_NOTE = 4000;
/** How often the stage is asked what it shows, and how long without an answer until it is gone, ms. */
const OFTEN = 2000;
const GONE = 7000;
const KEYS: Readonly<Record<string, Key>> = {
  ArrowRight: "next",
  PageDown: "next",
  ArrowLeft: "back",
  PageUp: "back",
  " ": "play",
  n: "request",
  b: "black",
  ".": "black",
};

export default function Speaker({ id }: { readonly id: string }): JSX.Element {
  const [shown, press] = useStage(id);
  if (shown === undefined)
    return (
      <main class="speaker">
        <p role="status">The panel that opened this window is closed.</p>
      </main>
    );
  if (shown === null)
    return (
      <main class="speaker">
        <p role="status">Waiting for the stage…</p>
      </main>
    );
  return (
    <main class="speaker">
      <h1 class="unseen">Speaker’s window</h1>
      <Times />
      <p class="position">
        <bdi>{shown.request}</bdi>
        {shown.requests > 1 && shown.position > 0 ? ` · ${shown.position} of ${shown.requests} requests` : ""}
        {` · moment ${shown.cue} of ${shown.cues}`}
        {shown.black ? " · the screen is black" : ""}
      </p>
      {shown.held === null ? null : <Held held={shown.held} />}
      <section aria-label="Now">
        <h2>Now</h2>
        <p class="now" role="status">
          <Said parts={shown.caption} />
        </p>
      </section>
      <section aria-label="Next">
        <h2>Next{shown.next === null ? "" : `: ${shown.next.name}`}</h2>
        <p>{shown.next === null ? "This is the end." : <Said parts={shown.next.caption} />}</p>
      </section>
      <Note label="Notes for this step" name={shown.step} />
      <Note label="Notes for this request" name={shown.lesson} />
      <p class="acts">
        {shown.held === null ? null : <Press label="Go on" act={press} name="goOn" />}
        <Press label="Back" act={press} name="back" />
        <Press label="Next" act={press} name="next" />
        <Press label="Next request" act={press} name="request" />
        <Press label="Black" act={press} name="black" />
      </p>
    </main>
  );
}

/** What the stage shows: null until it answers, undefined once it is closed; and a way to press its keys. */
function useStage(id: string): readonly [shown: Shown | null | undefined, press: (key: Key) => void] {
  const [shown, setShown] = useState<Shown | null | undefined>(null);
  const channel = useRef<BroadcastChannel | null>(null);
  const press = (key: Key): void => {
    channel.current?.postMessage({ kind: "press", key } satisfies Message);
  };
  useEffect(() => {
    const opened = channelOf(id);
    channel.current = opened;
    let heard = performance.now();
    opened.addEventListener("message", ({ data }: MessageEvent<Message>) => {
      heard = performance.now();
      if (data.kind === "shown") setShown(data.shown);
    });
    // A page that is closed does not say so.
    const ask = (): void => {
      if (performance.now() - heard > GONE) setShown(undefined);
      opened.postMessage({ kind: "hello" } satisfies Message);
    };
    ask();
    const asking = setInterval(ask, OFTEN);
    const pressed = (event: KeyboardEvent): void => {
      const key = KEYS[event.key];
      const isField =
        event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLButtonElement;
      if (key === undefined || isField || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      press(key);
    };
    addEventListener("keydown", pressed);
    return () => {
      removeEventListener("keydown", pressed);
      clearInterval(asking);
      opened.close();
    };
  }, [id]);
  return [shown, press];
}

function Said({ parts }: { readonly parts: readonly Part[] }): JSX.Element {
  return <>{parts.map(({ text, isName }) => (isName ? <code>{text}</code> : text))}</>;
}

interface PressProps {
  readonly label: string;
  readonly name: Key;
  readonly act: (key: Key) => void;
}

function Press({ label, name, act }: PressProps): JSX.Element {
  return (
    <button
      type="button"
      onClick={() => {
        act(name);
      }}
    >
      {label}
    </button>
  );
}

/** Where the request on the stage is held: it was told when, the seconds since are this page's own. */
function Held({ held }: { readonly held: HeldShown }): JSX.Element {
  const told = useMemo(() => performance.now(), [held]);
  const since = (useNow() - told) * 1e6;
  return (
    <p class="held">
      <b role="status">Held {held.where}</b>, {brief(held.lasts + Math.max(0, since))}
      {held.left === null ? null : ` · ${untilText(Math.max(0, held.left - Math.max(0, since)))}`}
    </p>
  );
}

/** The page's clock, ms, twice a second. */
function useNow(): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const ticking = setInterval(() => {
      setNow(performance.now());
    }, 500);
    return () => {
      clearInterval(ticking);
    };
  }, []);
  return now;
}

/** The time of day, and how long the talk has lasted. */
function Times(): JSX.Element {
  const now = useNow();
  const [begun, setBegun] = useState(now);
  const seconds = Math.max(0, Math.floor((now - begun) / 1000));
  const lasted = `${Math.floor(seconds / 60)}:${(seconds % 60).toString().padStart(2, "0")}`;
  return (
    <header>
      <span class="lasted" aria-label="Elapsed">
        {lasted}
      </span>
      <button
        type="button"
        onClick={() => {
          setBegun(performance.now());
        }}
      >
        Start again
      </button>
      <span class="day" aria-label="Time of day">
        {new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}
      </span>
    </header>
  );
}

/** A note, kept in this browser under what it belongs to. */
function Note({ label, name }: { readonly label: string; readonly name: string }): JSX.Element {
  return (
    <label>
      {label}
      <textarea
        key={name}
        rows={3}
        maxLength={LONGEST_NOTE}
        defaultValue={notes()[name] ?? ""}
        onInput={(event) => {
          const { [name]: _before, ...others } = notes();
          void _before;
          const text = event.currentTarget.value;
          writePreference("notes", JSON.stringify(text === "" ? others : { ...others, [name]: text }));
        }}
      />
    </label>
  );
}

function notes(): Readonly<Record<string, string>> {
  try {
    const stored: unknown = JSON.parse(readPreference("notes") ?? "{}");
    return typeof stored === "object" && stored !== null ? (stored as Record<string, string>) : {};
  } catch {
    return {};
  }
}
