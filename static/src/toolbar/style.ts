/** The toolbar's style, in the panel's colours: by what the browser prefers. */

import tokens from "../styles/tokens.css?inline";
import style from "./style.css?inline";

const [light = "", dark = ""] = tokens.split(":root[data-theme=dark]");

export const STYLE = `${light.replace(":root", ".root")}@media (prefers-color-scheme:dark){.root${dark}}${style}`;
