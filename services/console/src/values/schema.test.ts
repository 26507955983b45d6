import type { RJSFSchema } from "@rjsf/utils";
import { expect, test } from "vitest";
import { hasFields, uiSchema, userSchema } from "./schema";
import { problemsOf } from "./validator";

const template = (values_schema_json: object, capabilities_json: object | null = null) =>
  ({ values_schema_json, capabilities_json }) as Parameters<typeof userSchema>[0];

test("what users may set stands under properties.user, with the whole schema's definitions", () => {
  const found = userSchema(template({ $defs: { port: { type: "integer" } }, properties: { user: { properties: { port: { $ref: "#/$defs/port" } } }, image: {} } }));
  expect(found?.properties).toEqual({ port: { $ref: "#/$defs/port" } });
  expect(found?.$defs).toEqual({ port: { type: "integer" } });
});

test("a schema without a user takes nothing from users", () => {
  expect(userSchema(template({ properties: { image: {} } }))).toBeNull();
});

test("of a foreign chart only the paths that the template opens are shown", () => {
  const schema = { required: ["auth", "size"], properties: { auth: { properties: { user: { type: "string" }, root: {} } }, size: { type: "integer" } } };
  const found = userSchema(template(schema, { user_values_paths: ["/auth/user"] }));
  expect(found).toMatchObject({ required: ["auth"], properties: { auth: { properties: { user: { type: "string" } } } } });
  expect(JSON.stringify(found)).not.toMatch(/root|size/);
});

test("secrets are typed unseen, and required fields come first", () => {
  const ui = uiSchema({ required: ["z"], properties: { a: { type: "string", writeOnly: true }, z: { type: "string" }, b: { type: "string", propertyOrder: -1 } as object } });
  expect(ui.a).toMatchObject({ "ui:widget": "password" });
  expect(ui["ui:order"]).toEqual(["b", "z", "a", "*"]);
});

test("a field without a title is labelled with its name in words", () => {
  const ui = uiSchema({ properties: { replicaCount: { type: "integer" }, max_size: { type: "integer" }, named: { title: "Its own", type: "string" }, mail: { type: "object", properties: { smtpHost: { type: "string" } } } } });
  expect(ui.replicaCount).toEqual({ "ui:title": "Replica count" });
  expect(ui.max_size).toEqual({ "ui:title": "Max size" });
  expect(ui.named).toBeUndefined();
  expect(ui.mail).toMatchObject({ "ui:title": "Mail", smtpHost: { "ui:title": "Smtp host" } });
});

test("a form needs at least one field", () => {
  expect(hasFields({ type: "object" })).toBe(false);
  expect(hasFields({ properties: { a: {} } })).toBe(true);
});

const USER: RJSFSchema = { type: "object", additionalProperties: false, required: ["name"], properties: { name: { type: "string", minLength: 1 }, replicas: { type: "integer", minimum: 1 }, secret: { type: "string", minLength: 12 } } };

test.each([
  [{}, "name is required", ".name"],
  [{ name: "" }, "name must not be empty", ".name"],
  [{ name: "a", replicas: 0 }, "replicas must be 1 or more", ".replicas"],
  [{ name: "a", replicas: "many" }, "replicas must be integer", ".replicas"],
])("%j is told in words a person understands", (values, stack, property) => {
  expect(problemsOf(USER, values)).toContainEqual(expect.objectContaining({ stack, property }));
});

test("an unknown field is told, and once", () => {
  expect(problemsOf(USER, { name: "a", other: 1 })).toHaveLength(1);
});

test("the mask of a stored secret is left to the API", () => {
  expect(problemsOf(USER, { name: "a", secret: "********" })).toEqual([]);
});

test.each([
  ["http://json-schema.org/draft-07/schema#", 0],
  ["https://json-schema.org/draft/2020-12/schema", 1],
  [undefined, 1],
])("what stands beside a reference is judged by the schema's own draft (%s), as the API does", (draft, problems) => {
  const user = { type: "object", properties: { port: { $ref: "#/definitions/port", minimum: 1000 } } };
  const found = userSchema(template({ ...(draft ? { $schema: draft } : {}), definitions: { port: { type: "integer" } }, properties: { user } }));
  expect(problemsOf(found as RJSFSchema, { port: 80 })).toHaveLength(problems);
});
