/** Upgrades of all deployments of a product, in waves. */
import { Button, Group, NumberInput, Progress, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, type Schemas } from "../../../api/client";
import { rolloutsQuery } from "../../../api/platform";
import { type Product, versionOf } from "../../../api/products";
import { FormDialog } from "../../../parts/FormDialog";
import { Loaded } from "../../../parts/Loaded";
import { Status } from "../../../parts/Status";
import { useChange } from "../../../parts/useChange";
import { When } from "../../../parts/When";

type Rollout = Schemas["RolloutRead"];

export function Rollouts({ product }: { product: Product }) {
  const rollouts = useQuery(rolloutsQuery(product.id));
  const [beginning, dialog] = useDisclosure(false);
  return (
    <Stack gap="sm" component="section" aria-labelledby="rollouts">
      <Group justify="space-between">
        <Title order={2} size="h4" id="rollouts">
          Rollouts
        </Title>
        <Button variant="default" size="xs" onClick={dialog.open}>
          Upgrade all deployments…
        </Button>
      </Group>
      <Loaded query={rollouts} lines={1}>
        {(all) => (all.length ? <RolloutTable all={all} product={product} /> : <Text c="dimmed">None yet: upgrade all deployments of this product in waves, stopping when too many fail.</Text>)}
      </Loaded>
      {beginning && <BeginRollout product={product} onClose={dialog.close} />}
    </Stack>
  );
}

function RolloutTable({ all, product }: { all: Rollout[]; product: Product }) {
  const stop = useChange((id: string) => ask(api.POST("/api/v1/rollouts/{rollout_id}/stop", { params: { path: { rollout_id: id } }, body: {} })), { keys: [["rollouts", product.id]], said: "No further wave begins." });
  return (
    <Table.ScrollContainer minWidth={560} className="surface" p="xs">
      <Table>
        <Table.Tbody>
          {all.map((each) => (
            <Table.Tr key={each.id}>
              <Table.Td>
                <Status status={each.status} />
              </Table.Td>
              <Table.Td miw={200}>
                <Bar progress={each.progress} />
              </Table.Td>
              <Table.Td>
                <When time={each.created_at} />
              </Table.Td>
              <Table.Td ta="end">
                {each.status === "running" && (
                  <Button size="xs" variant="default" onClick={() => stop.mutate(each.id)}>
                    Stop
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Bar({ progress }: { progress: Rollout["progress"] }) {
  const { succeeded = 0, failed = 0, skipped = 0, running = 0, waiting = 0 } = progress;
  const all = succeeded + failed + skipped + running + waiting || 1;
  return (
    <>
      <Progress value={(100 * (succeeded + failed + skipped)) / all} aria-label="Done" />
      <Text size="sm" c="dimmed">
        {succeeded} done, {failed} failed, {skipped} skipped, {running + waiting} to come
      </Text>
    </>
  );
}

function BeginRollout({ product, onClose }: { product: Product; onClose: () => void }) {
  const [size, setSize] = useState<number | string>(5);
  const [failures, setFailures] = useState<number | string>(0);
  const begin = useChange(
    () => ask(api.POST("/api/v1/products/{product_id}/rollouts", { params: { path: { product_id: product.id } }, body: { batch_size: Number(size), max_failures: Number(failures) } })),
    { keys: [["rollouts", product.id]], said: "The first wave begins.", shown: true, then: onClose },
  );
  return (
    <FormDialog title={`Upgrade all to ${product.template ? versionOf(product.template) : ""}`} verb="Begin" opened onClose={onClose} change={begin} shows={["/batch_size", "/max_failures"]}>
      {(at) => (
        <>
          <NumberInput data-autofocus label="Deployments in a wave" min={1} max={1000} value={size} onChange={setSize} error={at("/batch_size")} />
          <NumberInput label="Failures to bear" description="It stops when more than these failed." min={0} value={failures} onChange={setFailures} error={at("/max_failures")} />
        </>
      )}
    </FormDialog>
  );
}
