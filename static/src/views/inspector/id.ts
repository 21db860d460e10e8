/** The id of the inspector's element. */
export const INSPECTOR = "inspector";
