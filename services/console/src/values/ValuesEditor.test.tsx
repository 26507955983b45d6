import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import type { Values } from "../api/deployments";
import { show } from "../testing/show";
import { fromYaml, ValuesEditor } from "./ValuesEditor";

const SCHEMA = { type: "object", properties: { greeting: { type: "string", title: "Greeting", maxLength: 5 } } } as const;

function Editor({ onValues, onReadable }: { onValues: (values: Values) => void; onReadable?: (readable: boolean) => void }) {
  const [values, setValues] = useState<Values>({ greeting: "Hi" });
  const change = (next: Values) => {
    setValues(next);
    onValues(next);
  };
  return <ValuesEditor schema={SCHEMA} values={values} onChange={change} onReadable={onReadable} />;
}

test("form and YAML show the same values", async () => {
  const onValues = vi.fn();
  show(<Editor onValues={onValues} />);
  const field = screen.getByLabelText("Greeting");
  await userEvent.clear(field);
  await userEvent.type(field, "Hello!");
  expect(onValues).toHaveBeenLastCalledWith({ greeting: "Hello!" });
  expect(await screen.findByText(/has at most 5 characters/)).toBeTruthy();
  await userEvent.click(screen.getByText("YAML"));
  expect(screen.getByLabelText<HTMLTextAreaElement>("Values as YAML").value.trim()).toBe("greeting: Hello!");
});

test("YAML that cannot be read changes nothing and says so", async () => {
  const [onValues, onReadable] = [vi.fn(), vi.fn()];
  show(<Editor onValues={onValues} onReadable={onReadable} />);
  await userEvent.click(screen.getByText("YAML"));
  const field = screen.getByLabelText("Values as YAML");
  await userEvent.clear(field);
  onValues.mockClear();
  await userEvent.type(field, "- a");
  expect(onReadable).toHaveBeenLastCalledWith(false);
  expect(screen.getByText(/The values are an object/)).toBeTruthy();
  await userEvent.click(screen.getByText("Form"));
  expect(screen.getByLabelText<HTMLTextAreaElement>("Values as YAML").value).toBe("- a");
});

test.each([["", {}], ["a: 1", { a: 1 }], ["- 1", expect.stringContaining("object")], ["a: [", expect.any(String)]])("%j is read", (text, found) => {
  expect(fromYaml(text)).toEqual(found);
});
