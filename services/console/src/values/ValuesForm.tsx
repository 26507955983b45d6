/** A form made of a values schema. */
import { Text } from "@mantine/core";
import Form from "@rjsf/mantine";
import type { FieldErrorProps, RJSFSchema } from "@rjsf/utils";
import { useMemo } from "react";
import type { Values } from "../api/deployments";
import { uiSchema } from "./schema";
import { validator } from "./validator";

interface Props {
  schema: RJSFSchema;
  values: Values;
  onChange: (values: Values) => void;
}

export function ValuesForm({ schema, values, onChange }: Props) {
  const ui = useMemo(() => ({ ...uiSchema(schema), "ui:submitButtonOptions": { norender: true } }), [schema]);
  const shown = useMemo(() => ({ ...schema, title: undefined }), [schema]);
  return (
    <Form
      tagName="div"
      schema={shown}
      uiSchema={ui}
      validator={validator}
      formData={values}
      onChange={(event) => onChange((event.formData ?? {}) as Values)}
      templates={TEMPLATES}
      liveValidate="onChange"
      showErrorList={false}
      noHtml5Validate
      idPrefix="values"
    />
  );
}

/** A single value's field shows its own message; a group has no other place for one. */
function GroupError({ errors = [], schema }: FieldErrorProps) {
  if (!errors.length || (schema.type !== "object" && schema.type !== "array")) return null;
  return (
    <Text size="sm" c="var(--mantine-color-error)">
      {errors.map((each) => (typeof each === "string" ? each : "")).join(", ")}
    </Text>
  );
}

const TEMPLATES = { FieldErrorTemplate: GroupError };
