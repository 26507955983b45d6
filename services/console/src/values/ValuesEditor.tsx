/** A user's values: as a form, or as YAML for those who like it. Both are the same values. */
import { SegmentedControl, Stack, Text, Textarea } from "@mantine/core";
import type { RJSFSchema } from "@rjsf/utils";
import { useState } from "react";
import { parse, stringify } from "yaml";
import type { Values } from "../api/deployments";
import { hasFields, isNode } from "./schema";
import { problemsOf } from "./validator";
import { ValuesForm } from "./ValuesForm";

interface Props {
  schema: RJSFSchema | null;
  values: Values;
  onChange: (values: Values) => void;
  /** Told when the YAML cannot be read: there are no values then. */
  onReadable?: (readable: boolean) => void;
}

export function ValuesEditor({ schema, values, onChange, onReadable }: Props) {
  const [view, setView] = useState(hasFields(schema) ? "form" : "yaml");
  const [readable, setReadable] = useState(true);
  if (!schema) return <Text c="dimmed">This product has nothing to set: it runs as it is.</Text>;
  return (
    <Stack>
      <SegmentedControl
        aria-label="How to edit the values"
        value={view}
        onChange={setView}
        data={[
          { value: "form", label: "Form", disabled: !readable }, // it could show nothing of what is typed
          { value: "yaml", label: "YAML" },
        ]}
        style={{ alignSelf: "flex-start" }}
      />
      {view === "form" ? (
        <ValuesForm schema={schema} values={values} onChange={onChange} />
      ) : (
        <YamlField
          schema={schema}
          values={values}
          onChange={onChange}
          onReadable={(next) => {
            setReadable(next);
            onReadable?.(next);
          }}
        />
      )}
    </Stack>
  );
}

export function toYaml(values: unknown): string {
  return isNode(values) && Object.keys(values).length === 0 ? "" : stringify(values);
}

/** The values of a text, or why it has none. */
export function fromYaml(text: string): Values | string {
  try {
    const found: unknown = parse(text) ?? {};
    return isNode(found) ? found : "The values are an object: lines of “name: value”.";
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : "This is not YAML.";
  }
}

function YamlField({ schema, values, onChange, onReadable }: Props & { schema: RJSFSchema }) {
  const [text, setText] = useState(() => toYaml(values));
  const found = fromYaml(text);
  const wrong = typeof found === "string" ? found : problemsOf(schema, found).map((each) => each.stack).join(". ");
  const edit = (next: string) => {
    setText(next);
    const read = fromYaml(next);
    onReadable?.(typeof read !== "string");
    if (typeof read !== "string") onChange(read);
  };
  return (
    <Textarea
      label="Values as YAML"
      value={text}
      onChange={(event) => edit(event.currentTarget.value)}
      error={wrong || undefined}
      autosize
      minRows={8}
      maxRows={24}
      spellCheck={false}
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.8125rem" } }}
    />
  );
}
