/** The app's blueprints, extensions, config and packages. */

import type { JSX } from "preact";

import type { AppMap, Json } from "../../api/types";
import { Pairs, type Pair } from "../../components/Message";

export function About({ map }: { readonly map: AppMap }): JSX.Element {
  const blueprints = map.blueprints.map(({ name, import_name, url_prefix }): Pair => [
    name,
    `${import_name}${url_prefix === null ? "" : `, ${url_prefix}`}`,
  ]);
  return (
    <div class="message" tabIndex={0} role="region" aria-label="About the app">
      <div class="columns">
        <div>
          <Pairs
            title="App"
            pairs={[
              ["name", map.name],
              ["import name", map.import_name],
              ["debug", map.debug ? "on" : "off"],
              ["process", `${map.process.pid} on ${map.process.host}`],
            ]}
          />
          <Pairs title="Versions" pairs={Object.entries(map.versions)} />
          <Pairs title="Blueprints" pairs={blueprints} none="It has none." />
          <Pairs
            title="Extensions"
            pairs={map.extensions.map((name) => [name, ""])}
            none="No extension is registered in app.extensions."
          />
          <Pairs title="Packages" pairs={inOrder(map.packages)} />
        </div>
        <div>
          <Pairs title="Config" pairs={Object.entries(map.config)} />
          <Pairs title="Environment" pairs={inOrder(map.environment)} />
        </div>
      </div>
    </div>
  );
}

/** By name, ignoring case. */
function inOrder(named: { readonly [name: string]: Json }): readonly Pair[] {
  return Object.entries(named).sort(([one], [other]) => one.localeCompare(other));
}
