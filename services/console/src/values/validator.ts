/**
 * Checks a form's data by interpreting the schema. The usual validator compiles schemas to code, which the console's
 * Content-Security-Policy forbids.
 */
import { type OutputUnit, type Schema, type SchemaDraft, Validator } from "@cfworker/json-schema";
import { type ErrorSchema, type RJSFSchema, type RJSFValidationError, toErrorSchema, type ValidationData, type ValidatorType } from "@rjsf/utils";
import { isNode } from "./schema";

/** These only say that something below them is wrong, and that is told by itself. */
const CARRIERS = new Set(["properties", "patternProperties", "items", "prefixItems", "allOf", "$ref", "if", "then", "else", "dependentSchemas", "propertyNames"]);

/** The mask of a stored secret is no value: the API knows what it stands for. */
export const MASK = "********";

export function problemsOf(schema: RJSFSchema, data: unknown): RJSFValidationError[] {
  const { errors } = new Validator(schema as Schema, draftOf(schema), false).validate(data ?? {});
  const told = errors.filter((error, at) => !CARRIERS.has(error.keyword) && !isEcho(error, errors[at - 1]));
  return told.map((error) => asProblem(schema, data, error)).filter((each) => each.params.value !== MASK);
}

/** The draft by which the API judges it too. */
function draftOf(schema: RJSFSchema): SchemaDraft {
  return /^http:\/\/json-schema\.org\/draft-07\/schema#?$/.test(schema.$schema ?? "") ? "7" : "2020-12";
}

/** `additionalProperties: false` is told twice: by the keyword, and by the schema `false` below it. */
function isEcho(error: OutputUnit, before: OutputUnit | undefined): boolean {
  return error.keyword === "false" && before?.keyword === "additionalProperties";
}

function asProblem(schema: RJSFSchema, data: unknown, error: OutputUnit): RJSFValidationError {
  const path = parts(error.instanceLocation);
  const limit = follow(schema, parts(error.keywordLocation));
  const named = error.keyword === "required" ? /"([^"]+)"/.exec(error.error)?.[1] : undefined;
  const property = [...path, ...(named ? [named] : [])];
  const message = sentence(error, limit, path.at(-1));
  return {
    name: error.keyword,
    message,
    params: { value: follow(data, path) },
    property: property.length ? `.${property.join(".")}` : "",
    schemaPath: error.keywordLocation,
    stack: `${property.join(" › ") || "values"} ${message}`,
  };
}

function sentence(error: OutputUnit, limit: unknown, last: string | undefined): string {
  switch (error.keyword) {
    case "required": return "is required";
    case "minimum": return `must be ${String(limit)} or more`;
    case "maximum": return `must be ${String(limit)} or less`;
    case "exclusiveMinimum": return `must be more than ${String(limit)}`;
    case "exclusiveMaximum": return `must be less than ${String(limit)}`;
    case "multipleOf": return `must be a multiple of ${String(limit)}`;
    case "minLength": return limit === 1 ? "must not be empty" : `needs at least ${String(limit)} characters`;
    case "maxLength": return `has at most ${String(limit)} characters`;
    case "minItems": return `needs at least ${String(limit)} entries`;
    case "maxItems": return `has at most ${String(limit)} entries`;
    case "uniqueItems": return "has the same entry twice";
    case "pattern": return `must match ${String(limit)}`;
    case "format": return `must be a valid ${String(limit)}`;
    case "type": return `must be ${[limit].flat().map(String).join(" or ")}`;
    case "enum": return `must be one of ${[limit].flat().map(String).join(", ")}`;
    case "additionalProperties": return "has a field that this product does not know";
    case "false": return `${last ?? "this"} is not a field of this product`;
    default: return error.error.replace(/\.$/, "");
  }
}

function parts(location: string): string[] {
  return location.split("/").slice(1).map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
}

function follow(node: unknown, path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => (Array.isArray(inner) ? inner[Number(key)] : isNode(inner) ? inner[key] : undefined), node);
}

/** The port that react-jsonschema-form asks. */
export const validator: ValidatorType = {
  validateFormData(data, schema): ValidationData<unknown> {
    const errors = data === undefined ? [] : problemsOf(schema, data);
    return { errors, errorSchema: toErrorSchema(errors) as ErrorSchema<unknown> };
  },
  isValid(schema, data, root) {
    const definitions = { definitions: root.definitions, $defs: root.$defs };
    return new Validator({ ...definitions, ...schema } as Schema, draftOf(root)).validate(data ?? {}).valid;
  },
  rawValidation<Result>(schema: RJSFSchema, data?: unknown) {
    return { errors: problemsOf(schema, data) as Result[] };
  },
};

/** Its name where a library asks for a default. */
export default validator;
