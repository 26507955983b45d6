/** A product's versions: which is current, which are withdrawn. */
import { Badge, Button, Group, Table, Text } from "@mantine/core";
import { PackageOpen } from "lucide-react";
import { useState } from "react";
import { api, ask } from "../../../api/client";
import { type Product, sourceOf, type Template, versionOf } from "../../../api/products";
import { ACTIONS, Columns } from "../../../parts/Columns";
import { Confirm } from "../../../parts/Confirm";
import { Empty } from "../../../parts/Empty";
import { useChange } from "../../../parts/useChange";
import { When } from "../../../parts/When";

const KEYS = [["products"]];

export function VersionTable({ product, all }: { product: Product; all: Template[] }) {
  const [leaving, setLeaving] = useState<Template>();
  const choose = useChange(
    (template: string) => ask(api.PATCH("/api/v1/products/{product_id}", { params: { path: { product_id: product.id } }, body: { template_id: template } })),
    { keys: KEYS, said: "New deployments get this version now." },
  );
  const withdraw = useChange(
    (template: string) => ask(api.DELETE("/api/v1/templates/{template_id}", { params: { path: { template_id: template } } })),
    { keys: KEYS, said: "The version is withdrawn.", shown: true, then: () => setLeaving(undefined) },
  );
  if (!all.length) {
    return (
      <Empty icon={PackageOpen} title="No version yet">
        Publish one, and everybody can deploy it.
      </Empty>
    );
  }
  return (
    <>
      <Columns names={["Version", "Made of", "Published", ACTIONS]} caption="Versions" minWidth={640}>
        {all.map((template) => (
          <Table.Tr key={template.id}>
            <Table.Td>
              <Group gap="xs">
                <Text fw={600}>{versionOf(template)}</Text>
                {template.id === product.template_id && <Badge color="teal.9">current</Badge>}
              </Group>
            </Table.Td>
            <Table.Td className="mono">
              {sourceOf(template)}
              {template.chart_digest && (
                <Text size="sm" c="dimmed" className="mono">
                  {template.chart_digest.slice(0, 19)}…
                </Text>
              )}
            </Table.Td>
            <Table.Td>
              <When time={template.created_at} />
            </Table.Td>
            <Table.Td>
              <Group gap="xs" justify="flex-end" wrap="nowrap">
                {template.id !== product.template_id && (
                  <Button size="xs" variant="default" onClick={() => choose.mutate(template.id)} aria-label={`Make current: ${versionOf(template)}`}>
                    Make current
                  </Button>
                )}
                <Button size="xs" variant="default" onClick={() => setLeaving(template)} aria-label={`Withdraw ${versionOf(template)}`}>
                  Withdraw
                </Button>
              </Group>
            </Table.Td>
          </Table.Tr>
        ))}
      </Columns>
      <Confirm title={`Withdraw ${leaving ? versionOf(leaving) : ""}?`} verb="Withdraw" danger opened={leaving !== undefined} busy={withdraw.isPending} error={withdraw.error} onClose={() => setLeaving(undefined)} onConfirm={() => leaving && withdraw.mutate(leaving.id)}>
        No new deployment gets it. Those that run it keep it.
      </Confirm>
    </>
  );
}
