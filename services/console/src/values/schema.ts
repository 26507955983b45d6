/** What a user may set, as one JSON Schema: taken out of a template's schema the way the API checks it. */
import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import type { Template } from "../api/products";

type Node = Record<string, unknown>;
type Described = Pick<Template, "values_schema_json" | "capabilities_json">;

/** The schema of the user's object; null where the template takes no values from users. */
export function userSchema(template: Described): RJSFSchema | null {
  const whole = template.values_schema_json as Node;
  const paths = template.capabilities_json?.user_values_paths;
  if (Array.isArray(paths)) return pruned(whole, paths.map((path) => parsePointer(String(path)))) as RJSFSchema;
  const own = objectAt(whole, ["properties", "user"]);
  if (!own) return null;
  return { ...own, ...definitionsOf(whole) } as RJSFSchema;
}

/** Whether a form can be made of it: it names at least one field. */
export function hasFields(schema: RJSFSchema | null): boolean {
  return schema !== null && (Object.keys(schema.properties ?? {}).length > 0 || Boolean(schema.allOf ?? schema.anyOf ?? schema.oneOf ?? schema.$ref));
}

/** Secret fields are typed unseen; long texts get room. */
export function uiSchema(schema: RJSFSchema): UiSchema {
  const ui: UiSchema = { "ui:order": [...ordered(schema), "*"] };
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    if (typeof child !== "object") continue;
    if (child.writeOnly || child.format === "password") ui[name] = { "ui:widget": "password", "ui:options": { autocomplete: "new-password" } };
    else if (child.type === "object") ui[name] = uiSchema(child as RJSFSchema);
    else if (child.type === "string" && (child.maxLength ?? 0) > 200) ui[name] = { "ui:widget": "textarea" };
    if (!child.title && !child.$ref) ui[name] = { ...(ui[name] as UiSchema | undefined), "ui:title": words(name) };
  }
  return ui;
}

/** A name as a label: `replicaCount` is “Replica count”. */
function words(name: string): string {
  const spaced = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").replaceAll(/[_-]+/g, " ").trim();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1).replaceAll(/\b[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());
}

/** The database does not keep the order of a schema's keys: what is required comes first, then as `propertyOrder` says. */
function ordered(schema: RJSFSchema): string[] {
  const rank = (name: string) => {
    const child = (schema.properties ?? {})[name];
    const order = isNode(child) ? child.propertyOrder : undefined;
    return typeof order === "number" ? order : schema.required?.includes(name) ? 0 : Number.MAX_SAFE_INTEGER;
  };
  return Object.keys(schema.properties ?? {}).toSorted((a, b) => rank(a) - rank(b));
}

/** The schema with only what lies on one of the paths. */
function pruned(node: Node, paths: string[][]): Node {
  if (paths.some((path) => path.length === 0)) return node;
  const properties = node.properties;
  if (!isNode(properties)) return { ...node, additionalProperties: false };
  const kept: Node = {};
  for (const [name, child] of Object.entries(properties)) {
    const below = paths.filter((path) => path[0] === name).map((path) => path.slice(1));
    if (below.length && isNode(child)) kept[name] = pruned(child, below);
  }
  const required = Array.isArray(node.required) ? node.required.filter((name) => String(name) in kept) : [];
  return { ...node, properties: kept, required };
}

/** What a part of a schema needs of the whole: its definitions, and the draft that it is written in. */
function definitionsOf(whole: Node): Node {
  return Object.fromEntries(Object.entries(whole).filter(([key]) => key === "$schema" || key === "$defs" || key === "definitions"));
}

function objectAt(node: Node, path: string[]): Node | null {
  const found = path.reduce<unknown>((inner, key) => (isNode(inner) ? inner[key] : undefined), node);
  return isNode(found) ? found : null;
}

function parsePointer(pointer: string): string[] {
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
