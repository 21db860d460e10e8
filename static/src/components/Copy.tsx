/** A button that copies a text, and says whether the browser allowed it. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

const SHOWN_FOR = 2000;

interface CopyProps {
  readonly name: string;
  readonly text: string;
}

export function Copy({ name, text }: CopyProps): JSX.Element {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return undefined;
    const timer = setTimeout(() => {
      setSaid("");
    }, SHOWN_FOR);
    return () => {
      clearTimeout(timer);
    };
  }, [said]);
  return (
    <span class="copy">
      <button
        type="button"
        onClick={() => {
          // Absent where the page is not served securely.
          const clipboard = navigator.clipboard as Clipboard | undefined;
          void Promise.resolve(clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"))).then(
            () => {
              setSaid("Copied");
            },
            () => {
              setSaid("The browser does not allow copying on this page");
            },
          );
        }}
      >
        {name}
      </button>{" "}
      <span class="k" role="status">
        {said}
      </span>
    </span>
  );
}
