/** Check JSON against the published JSON Schema of recordings: the keywords that it has, and no others. */

export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
  readonly items?: Schema | false;
  readonly prefixItems?: readonly Schema[];
  readonly minItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const CUT = 60;
const REF = "#/$defs/";
const NAMES: Readonly<Record<string, string>> = {
  string: "text",
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
  null: "null",
  array: "a list",
  object: "an object",
};
const TESTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  integer: Number.isSafeInteger,
  number: Number.isFinite,
  null: (value) => value === null,
  array: Array.isArray,
  object: isObject,
};

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What the schema does not take, with its place; null if there is nothing. */
export function faultIn(value: unknown, root: Schema): string | null {
  return check(value, root, "", root.$defs ?? {});
}

type Defs = Readonly<Record<string, Schema>>;

function check(value: unknown, schema: Schema, at: string, defs: Defs): string | null {
  if (schema.$ref !== undefined) return check(value, defs[schema.$ref.slice(REF.length)] ?? {}, at, defs);
  if (schema.anyOf !== undefined) {
    // There are no alternatives but null.
    const [other = {}] = schema.anyOf.filter(({ type }) => type !== "null");
    return value === null ? null : check(value, other, at, defs);
  }
  if (!isTaken(value, schema)) return says(at, value, takes(schema));
  if (Array.isArray(value)) return checkItems(value, schema, at, defs);
  return isObject(value) ? checkFields(value, schema, at, defs) : null;
}

function isTaken(value: unknown, { type, enum: values, minimum, maximum }: Schema): boolean {
  if (values !== undefined) return values.includes(value);
  if (type !== undefined && TESTS[type]?.(value) === false) return false;
  return typeof value !== "number" || (value >= (minimum ?? -Infinity) && value <= (maximum ?? Infinity));
}

function takes({ type = "", enum: values, minimum, maximum }: Schema): string {
  if (values !== undefined) return `one of ${values.map((each) => JSON.stringify(each)).join(", ")}`;
  const range = minimum === undefined ? "" : ` from ${minimum} to ${maximum?.toLocaleString("en") ?? ""}`;
  return `${NAMES[type] ?? type}${range}`;
}

function checkItems(value: readonly unknown[], schema: Schema, at: string, defs: Defs): string | null {
  const { items, prefixItems, minItems = 0 } = schema;
  const isLong = items === false && value.length > (prefixItems?.length ?? 0);
  if (value.length < minItems || isLong) return says(at, value, `a list of ${minItems}`);
  for (const [index, each] of value.entries()) {
    const fault = check(each, prefixItems?.[index] ?? (items || {}), `${at}[${index}]`, defs);
    if (fault !== null) return fault;
  }
  return null;
}

function checkFields(
  value: Readonly<Record<string, unknown>>,
  { properties = {}, additionalProperties, required = [] }: Schema,
  at: string,
  defs: Defs,
): string | null {
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${inside(at, missing)} is missing.`;
  for (const [name, each] of Object.entries(value)) {
    const field = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    const fault = field === undefined ? null : check(each, field, inside(at, name), defs);
    if (fault !== null) return fault;
  }
  return null;
}

function inside(at: string, name: string): string {
  const shown = name.length > CUT ? `${name.slice(0, CUT)}…` : name;
  return at === "" ? shown : `${at}.${shown}`;
}

/** The sentence about a value in its place. */
export function says(at: string, value: unknown, taken: string): string {
  return `${at || "it"} is ${shown(value)}; it takes ${taken}.`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isObject(value)) return "an object";
  const text = JSON.stringify(typeof value === "string" ? value.slice(0, CUT) : value);
  return text.length > CUT ? `${text.slice(0, CUT)}…` : text;
}
