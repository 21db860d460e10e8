/** The forms of what if: an answer in place of a function, or an exception. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Held } from "../api/types";
import { CODES } from "./codes";
import { goOn } from "./store";
import { answerMeans } from "./words";

interface FormProps {
  readonly held: Held;
  readonly onDone: () => void;
}

export function Answer({ held, onDone }: FormProps): JSX.Element {
  const [status, setStatus] = useState("200");
  const [text, setText] = useState("");
  return (
    <WhatIfForm
      label="Answer here"
      means={answerMeans(held)}
      act="Answer"
      onDone={onDone}
      onSend={() => goOn(held.trace, "answer", { status: Number(status), text })}
    >
      <label>
        Status
        <input
          type="number"
          min={200}
          max={599}
          step={1}
          required
          value={status}
          onInput={(event) => {
            setStatus(event.currentTarget.value);
          }}
        />
      </label>
      <label class="grows">
        Text
        <input
          type="text"
          value={text}
          maxLength={10_000}
          placeholder="the body of the response"
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </label>
    </WhatIfForm>
  );
}

export function Raise({ held, onDone }: FormProps): JSX.Element {
  const [code, setCode] = useState("");
  const [text, setText] = useState("");
  const isError = code === "";
  return (
    <WhatIfForm
      label="Raise"
      means={`As if ${held.name}() had raised it: Flask looks for an error handler.`}
      act="Raise"
      onDone={onDone}
      onSend={() => goOn(held.trace, "raise", { status: isError ? null : Number(code), text })}
    >
      <label>
        Exception
        <select
          value={code}
          onChange={(event) => {
            setCode(event.currentTarget.value);
          }}
        >
          <option value="">RuntimeError</option>
          {CODES.map(([each, name]) => (
            <option key={each} value={each}>
              {each} {name}
            </option>
          ))}
        </select>
      </label>
      <label class="grows">
        {isError ? "Message" : "Description"}
        <input
          type="text"
          value={text}
          maxLength={10_000}
          placeholder={isError ? "raised by a breakpoint" : "Werkzeug’s own"}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
        />
      </label>
    </WhatIfForm>
  );
}

interface WhatIfFormProps {
  readonly label: string;
  readonly means: string;
  readonly act: string;
  readonly onSend: () => Promise<void>;
  readonly onDone: () => void;
  readonly children: JSX.Element | JSX.Element[];
}

function WhatIfForm({ label, means, act, onSend, onDone, children }: WhatIfFormProps): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("input, select")?.focus();
  }, []);
  return (
    <form
      ref={form}
      class="what-if-form"
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        void onSend().then(onDone);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onDone();
      }}
    >
      {children}
      <button type="submit" class="primary">
        {act}
      </button>
      <button type="button" onClick={onDone}>
        Cancel
      </button>
      <p>{means} The trace will say so.</p>
    </form>
  );
}
