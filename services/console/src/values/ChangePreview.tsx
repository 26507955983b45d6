/** What a change would do to values and objects, before it is confirmed. */
import { Alert, Badge, Group, List, Stack, Table, Text, Title } from "@mantine/core";
import { Info } from "lucide-react";
import type { Preview } from "../api/deployments";

export function ChangePreview({ preview }: { preview: Preview }) {
  const objects = preview.added.length + preview.changed.length + preview.removed.length;
  return (
    <Stack>
      {preview.values.length > 0 && (
        <section aria-labelledby="preview-values">
          <Title order={3} size="h5" id="preview-values" mb="xs">
            Values
          </Title>
          <Differences rows={preview.values.map((each) => ({ name: fieldName(each.field), before: each.before, after: each.after }))} />
        </section>
      )}
      <section aria-labelledby="preview-objects">
        <Title order={3} size="h5" id="preview-objects" mb="xs">
          Objects in the cluster
        </Title>
        {objects === 0 && <Text c="dimmed">None of the objects changes.</Text>}
        <List listStyleType="none" spacing="xs">
          {preview.added.map((each) => (
            <ObjectLine key={`+${each.kind}/${each.name}`} mark="added" {...each} />
          ))}
          {preview.changed.map((each) => (
            <ObjectLine key={`~${each.kind}/${each.name}`} mark="changed" {...each}>
              <Differences rows={(each.fields ?? []).map((field) => ({ name: field.pointer, before: field.before, after: field.after }))} />
            </ObjectLine>
          ))}
          {preview.removed.map((each) => (
            <ObjectLine key={`-${each.kind}/${each.name}`} mark="removed" {...each} />
          ))}
        </List>
      </section>
      <Text size="sm" c="dimmed">
        It asks for {(preview.usage.cpu_milli ?? 0) / 1000} CPU, {preview.usage.memory_mib ?? 0} MiB of memory and{" "}
        {preview.usage.storage_gib ?? 0} GiB of storage.
        {preview.dry_run && " The cluster has judged these objects and takes them."}
      </Text>
      {preview.removes_everything && (
        <Alert color="red" variant="outline" icon={<Info aria-hidden />} title="Nothing would be left">
          These values remove every object of the release.
        </Alert>
      )}
    </Stack>
  );
}

const MARKS = { added: "teal.9", changed: "indigo.8", removed: "red.9" } as const;

function ObjectLine({ mark, kind, name, children }: { mark: keyof typeof MARKS; kind: string; name: string; children?: React.ReactNode }) {
  return (
    <List.Item styles={{ itemWrapper: { display: "block" }, itemLabel: { display: "block" } }}>
      <Group gap="xs">
        <Badge color={MARKS[mark]} variant="filled" size="sm" miw={76}>
          {mark}
        </Badge>
        <span className="mono">
          {kind} {name}
        </span>
      </Group>
      {children}
    </List.Item>
  );
}

export function Differences({ rows }: { rows: { name: string; before?: unknown; after?: unknown }[] }) {
  return (
    <Table.ScrollContainer minWidth={240} mt="xs">
      <Table withRowBorders={false} verticalSpacing={4} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Field</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>After</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.name}>
              <Table.Td className="mono">{row.name}</Table.Td>
              <Table.Td className="mono minus">{shown(row.before)}</Table.Td>
              <Table.Td className="mono plus">{shown(row.after)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** A field as a person names it: a value by its path, anything else by its name. */
function fieldName(pointer: string): string {
  const path = pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  return path[0] === "user_values" && path.length > 1 ? path.slice(1).join(".") : path.join(".").replaceAll("_", " ");
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "—";
  return typeof value === "string" ? value : JSON.stringify(value);
}
