/** The toolbar's style, in the panel's colours. */

import tokens from "../styles/tokens.css?inline";
import style from "./style.css?inline";

export const STYLE = tokens + style;
