/** Credentials of chart registries. Passwords are written, never read. */
import { Button, Checkbox, Group, Table, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { api, ask } from "../../../api/client";
import { type Registry, registriesQuery } from "../../../api/platform";
import { ACTIONS, Columns } from "../../../parts/Columns";
import { FormDialog } from "../../../parts/FormDialog";
import { Loaded } from "../../../parts/Loaded";
import { PasswordField } from "../../../parts/PasswordField";
import { useChange } from "../../../parts/useChange";
import { When } from "../../../parts/When";

const KEYS = [["registries"]];

export function Registries() {
  const registries = useQuery(registriesQuery);
  const [adding, dialog] = useDisclosure(false);
  return (
    <section aria-labelledby="registries">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4" id="registries">
          Registries
        </Title>
        <Button variant="default" size="xs" leftSection={<Plus size={14} aria-hidden />} onClick={dialog.open}>
          Add credentials
        </Button>
      </Group>
      <Loaded query={registries} lines={1}>
        {(all) => (all.length ? <RegistryTable all={all} /> : <Text c="dimmed">No credentials are stored: charts come from registries that need none.</Text>)}
      </Loaded>
      {adding && <AddRegistry onClose={dialog.close} />}
    </section>
  );
}

function RegistryTable({ all }: { all: Registry[] }) {
  const remove = useChange((id: string) => ask(api.DELETE("/api/v1/registries/{registry_id}", { params: { path: { registry_id: id } } })), { keys: KEYS, said: "The credentials are removed." });
  return (
    <Columns names={["Host", "User", "For", "Clusters", "Changed", ACTIONS]} minWidth={520}>
      {all.map((each) => (
        <Table.Tr key={each.id}>
          <Table.Td className="mono">{each.host}</Table.Td>
          <Table.Td>{each.username}</Table.Td>
          <Table.Td>{each.image_pull ? "charts and images" : "charts"}</Table.Td>
          <Table.Td>{each.clusters.join(", ")}</Table.Td>
          <Table.Td>
            <When time={each.updated_at} />
          </Table.Td>
          <Table.Td ta="end">
            <Button size="xs" variant="default" onClick={() => remove.mutate(each.id)} aria-label={`Remove the credentials of ${each.host}`}>
              Remove
            </Button>
          </Table.Td>
        </Table.Tr>
      ))}
    </Columns>
  );
}

/** Mounted while it is open: what was typed is forgotten with it. */
function AddRegistry({ onClose }: { onClose: () => void }) {
  const [host, setHost] = useState("");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [imagePull, setImagePull] = useState(true);
  const add = useChange(() => ask(api.POST("/api/v1/registries", { body: { host, username, password, image_pull: imagePull } })), {
    keys: KEYS, said: "The credentials are sealed to each cluster's key.", shown: true, then: onClose,
  });
  return (
    <FormDialog title="Credentials of a registry" verb="Store" opened onClose={onClose} change={add} shows={["/host", "/username", "/password"]}>
      {(at) => (
        <>
          <TextInput data-autofocus label="Host" placeholder="charts.example.org" required value={host} onChange={(event) => setHost(event.currentTarget.value)} error={at("/host")} />
          <TextInput label="User name" required autoComplete="off" value={username} onChange={(event) => setUsername(event.currentTarget.value)} error={at("/username")} />
          <PasswordField label="Password" required autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} error={at("/password")} />
          <Checkbox label="Pods may pull images with them" description="Every deployment's namespace gets them then, where its chart can read them." checked={imagePull} onChange={(event) => setImagePull(event.currentTarget.checked)} />
        </>
      )}
    </FormDialog>
  );
}
