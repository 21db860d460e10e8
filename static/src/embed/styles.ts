/** The styles that the panel's page links to; imported first, as all other styles follow them. */

import { adopt } from "../components/adopt";

declare const LIFECYCLE_STYLES: string;

adopt(LIFECYCLE_STYLES);
