/** The id of the drawer of a held request, for the border by which it is resized. */
export const PANE = "held-pane";
