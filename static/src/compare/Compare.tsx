/** Two requests, or several runs of each, in one picture. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import compareStyles from "../styles/compare.css?inline";
import { adopt } from "../components/adopt";
import { actions } from "../state/actions";
import { pairingText } from "../state/comparing";
import type { Pairing } from "../state/state";
import { state } from "../state/store";
import { Figure } from "./Figure";
import { Head } from "./Head";
import { load, type Loaded } from "./load";
import { Side } from "./Side";

adopt(compareStyles);

export default function Compare({ pairing }: { readonly pairing: Pairing }): JSX.Element {
  const loaded = useLoaded(pairing);
  if (loaded === undefined)
    return (
      <p class="loading" role="status">
        Comparing…
      </p>
    );
  if (loaded === null)
    return (
      <div class="empty" role="alert">
        <h1>These requests cannot be compared</h1>
        <p>
          {state.value.recorded === null
            ? "The server no longer stores one of them, or does not answer."
            : "This file has comparisons of like requests. A panel compares any two: drop the file on it."}
        </p>
        <button type="button" onClick={actions.endComparing}>
          Close
        </button>
      </div>
    );
  return (
    <div class="compared" data-view="compare">
      <Head loaded={loaded} pairing={pairing} />
      <div class="both">
        <Figure model={loaded.model} />
        <Side loaded={loaded} />
      </div>
    </div>
  );
}

/** Undefined until it has come; what is shown stays until the next one has. */
function useLoaded(pairing: Pairing): Loaded | null | undefined {
  const [loaded, setLoaded] = useState<Loaded | null>();
  const key = pairingText(pairing);
  useEffect(() => {
    let isLast = true;
    void load(pairing).then((found) => {
      if (isLast) setLoaded(found);
    });
    return () => {
      isLast = false;
    };
  }, [key]);
  return loaded;
}
