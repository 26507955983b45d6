/** Where deployments run: clusters with their executors, and the registries that charts come from. */
import { Button, Group, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Plus, Server } from "lucide-react";
import { useState } from "react";
import { api, ask } from "../../../api/client";
import { type Cluster, clustersQuery } from "../../../api/platform";
import { Columns } from "../../../parts/Columns";
import { Confirm } from "../../../parts/Confirm";
import { Empty } from "../../../parts/Empty";
import { FormDialog } from "../../../parts/FormDialog";
import { Loaded } from "../../../parts/Loaded";
import { Page } from "../../../parts/Page";
import { Status } from "../../../parts/Status";
import { useChange } from "../../../parts/useChange";
import { When } from "../../../parts/When";
import { Registries } from "./Registries";

const SEEN_MS = 10_000;
const KEYS = [["clusters"]];

export function Clusters() {
  const clusters = useQuery({ ...clustersQuery, refetchInterval: SEEN_MS });
  const [adding, dialog] = useDisclosure(false);
  return (
    <Page
      title="Clusters"
      lead="Executors carry out jobs in a cluster; they tell that they are there every few seconds."
      actions={
        <Button leftSection={<Plus size={16} aria-hidden />} onClick={dialog.open}>
          Register a cluster
        </Button>
      }
    >
      <Loaded query={clusters}>
        {(all) =>
          all.length ? (
            <Stack>
              {all.map((cluster) => (
                <ClusterCard key={cluster.id} cluster={cluster} />
              ))}
            </Stack>
          ) : (
            <Empty icon={Server} title="No cluster is registered">
              Register one, then start executors with its name.
            </Empty>
          )
        }
      </Loaded>
      <Registries />
      <AddCluster opened={adding} onClose={dialog.close} />
    </Page>
  );
}

function ClusterCard({ cluster }: { cluster: Cluster }) {
  const [forgetting, dialog] = useDisclosure(false);
  const forget = useChange(
    () => ask(api.POST("/api/v1/clusters/{cluster_id}/forget", { params: { path: { cluster_id: cluster.id } }, body: { force: cluster.healthy } })),
    { keys: KEYS, said: "The cluster is forgotten.", shown: true, then: dialog.close },
  );
  return (
    <section className="surface" style={{ padding: "var(--mantine-spacing-md)" }} aria-label={`Cluster ${cluster.name}`}>
      <Group justify="space-between" mb="sm">
        <Group>
          <Title order={2} size="h4">
            {cluster.display_name ?? cluster.name}
          </Title>
          <Status status={cluster.healthy ? "ready" : "error"} />
        </Group>
        <Button variant="default" size="xs" onClick={dialog.open}>
          Forget…
        </Button>
      </Group>
      <Text c="dimmed" size="sm" mb="sm">
        {cluster.deployments} deployments, {cluster.free} of {cluster.slots} slots free
        {!cluster.has_key && "; no executor has told its key yet, so secrets cannot be sent to it"}
      </Text>
      {cluster.executors.length ? <Executors cluster={cluster} /> : <Text>No executor has been seen.</Text>}
      <Confirm title={`Forget ${cluster.name}?`} verb="Forget it" danger typed={cluster.name} opened={forgetting} busy={forget.isPending} error={forget.error} onClose={dialog.close} onConfirm={() => forget.mutate(undefined)}>
        Its deployments count as deleted from then on, and nothing is removed in the cluster. Only for a cluster that is lost.
      </Confirm>
    </section>
  );
}

function Executors({ cluster }: { cluster: Cluster }) {
  return (
    <Columns names={["Executor", "Version", "Slots free", "Seen"]} minWidth={520} bare>
      {cluster.executors.map((each) => (
        <Table.Tr key={each.instance}>
          <Table.Td className="mono">{each.instance}</Table.Td>
          <Table.Td>{each.version}</Table.Td>
          <Table.Td>
            {each.free} of {each.slots}
          </Table.Td>
          <Table.Td>
            <When time={each.seen_at} />
          </Table.Td>
        </Table.Tr>
      ))}
    </Columns>
  );
}

function AddCluster({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [name, setName] = useState("");
  const [display, setDisplay] = useState("");
  const add = useChange(() => ask(api.POST("/api/v1/clusters", { body: { name, display_name: display || null } })), {
    keys: KEYS, said: "Registered. Start executors with its name.", shown: true, then: onClose,
  });
  return (
    <FormDialog title="Register a cluster" verb="Register" opened={opened} onClose={onClose} change={add} shows={["/name", "/display_name"]}>
      {(at) => (
        <>
          <TextInput data-autofocus label="Name" description="Executors are started with it: SLIPWAY_CLUSTER." required value={name} onChange={(event) => setName(event.currentTarget.value)} error={at("/name")} />
          <TextInput label="Shown as" value={display} onChange={(event) => setDisplay(event.currentTarget.value)} error={at("/display_name")} />
        </>
      )}
    </FormDialog>
  );
}
