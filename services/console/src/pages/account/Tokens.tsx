/** Personal tokens: for programs that act in one's name. */
import { Alert, Badge, Button, Checkbox, CopyButton, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { api, ask, type Schemas } from "../../api/client";
import { FormDialog } from "../../parts/FormDialog";
import { Loaded } from "../../parts/Loaded";
import { useChange } from "../../parts/useChange";
import { When } from "../../parts/When";

type Token = Schemas["PersonalTokenRead"];

const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: async () => (await ask(api.GET("/api/v1/users/me/tokens"))).items,
});

export function Tokens() {
  const tokens = useQuery(tokensQuery);
  const [adding, dialog] = useDisclosure(false);
  const [made, setMade] = useState<string>();
  return (
    <Stack component="section" className="surface" p="lg" aria-labelledby="tokens">
      <Group justify="space-between">
        <Title order={2} size="h4" id="tokens">
          Personal tokens
        </Title>
        <Button variant="default" size="xs" leftSection={<Plus size={14} aria-hidden />} onClick={dialog.open}>
          New token
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        For the slipway command, scripts and agents. Each has your rights; remove those that you do not use.
      </Text>
      {made && <Made token={made} />}
      <Loaded query={tokens} lines={2}>
        {(all) => (all.length ? all.map((each) => <TokenLine key={each.id} token={each} />) : <Text c="dimmed">You have none.</Text>)}
      </Loaded>
      {adding && <AddToken onClose={dialog.close} onMade={setMade} />}
    </Stack>
  );
}

function Made({ token }: { token: string }) {
  return (
    <Alert color="green" variant="outline" title="Copy it now: it is not shown again">
      <Group wrap="nowrap">
        <span className="mono">{token}</span>
        <CopyButton value={token}>
          {({ copied, copy }) => (
            <Button size="xs" variant="default" onClick={copy} style={{ flex: "none" }}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Alert>
  );
}

function TokenLine({ token }: { token: Token }) {
  const remove = useChange(
    () => ask(api.DELETE("/api/v1/users/me/tokens/{token_id}", { params: { path: { token_id: token.id } } })),
    { keys: [["tokens"]], said: `“${token.name}” does not work any more.` },
  );
  return (
    <Group justify="space-between" wrap="nowrap">
      <div>
        <Group gap="xs">
          <Text fw={600}>{token.name}</Text>
          {token.read_only && <Badge variant="default">reads only</Badge>}
        </Group>
        <Text size="sm" c="dimmed" component="div">
          Used <When time={token.last_used_at} />
          {token.expires_at && <>, ends <When time={token.expires_at} /></>}
        </Text>
      </div>
      <Button size="xs" variant="default" onClick={() => remove.mutate(undefined)} aria-label={`Remove ${token.name}`}>
        Remove
      </Button>
    </Group>
  );
}

function AddToken({ onClose, onMade }: { onClose: () => void; onMade: (token: string) => void }) {
  const [name, setName] = useState("");
  const [day, setDay] = useState("");
  const [readOnly, setReadOnly] = useState(false);
  const add = useChange(
    () => ask(api.POST("/api/v1/users/me/tokens", { body: { name: name.trim(), read_only: readOnly, expires_at: day ? new Date(`${day}T23:59:59`).toISOString() : null } })),
    {
      keys: [["tokens"]],
      shown: true,
      then: (made) => {
        onMade(made.token);
        onClose();
      },
    },
  );
  return (
    <FormDialog title="New personal token" verb="Make it" opened onClose={onClose} change={add} shows={["/name", "/expires_at"]}>
      {(at) => (
        <>
          <TextInput data-autofocus label="Name" description="Where it will be used." required value={name} onChange={(event) => setName(event.currentTarget.value)} error={at("/name")} />
          <TextInput type="date" label="Ends" description="Empty: it holds until it is removed." value={day} onChange={(event) => setDay(event.currentTarget.value)} error={at("/expires_at")} />
          <Checkbox label="It may only read" checked={readOnly} onChange={(event) => setReadOnly(event.currentTarget.checked)} />
        </>
      )}
    </FormDialog>
  );
}
