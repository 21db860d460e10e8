/** Components that are fetched when they are first shown. */

import type { ComponentType, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";

type Load<P> = () => Promise<{ default: ComponentType<P> }>;

/** A component that fetches its chunk when it is first shown, with a message if that is slow or fails. */
export function lazy<P extends object>(title: string, load: Load<P>): FunctionComponent<P> {
  let component: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [, setTried] = useState(0);
    const [failed, setFailed] = useState(false);
    const fetch = (): void => {
      setFailed(false);
      load().then(
        (chunk) => {
          component = chunk.default;
          setTried((tried) => tried + 1);
        },
        () => {
          setFailed(true);
        },
      );
    };
    useEffect(() => {
      if (component === null) fetch();
    }, []);

    const Component = component;
    if (Component !== null) return <Component {...props} />;
    if (!failed)
      return (
        <p class="loading" role="status">
          Loading {title}…
        </p>
      );
    return (
      <div class="empty" role="alert">
        <h2>{title} could not be loaded</h2>
        <p>The app does not respond, or has been updated since this page was loaded.</p>
        <p>
          <button type="button" onClick={fetch}>
            Try again
          </button>{" "}
          <button
            type="button"
            onClick={() => {
              location.reload();
            }}
          >
            Reload the page
          </button>
        </p>
      </div>
    );
  };
}
