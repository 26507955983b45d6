/** The values of a deployment: changed in the same form that made it, looked at before they are applied. */
import { Alert, Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ifStill } from "../../api/changes";
import { api, ask } from "../../api/client";
import type { Deployment, Values } from "../../api/deployments";
import { Problem } from "../../api/problem";
import { BusyButton } from "../../parts/BusyButton";
import { Code } from "../../parts/Code";
import { Trouble } from "../../parts/Trouble";
import { ChangePreview } from "../../values/ChangePreview";
import { userSchema } from "../../values/schema";
import { toYaml, ValuesEditor } from "../../values/ValuesEditor";
import { problemsOf } from "../../values/validator";
import { useAsking } from "./asking";

export function ValuesTab({ deployment }: { deployment: Deployment }) {
  const ended = deployment.status === "deleting" || deployment.status === "deleted";
  if (ended) return <Code text={toYaml(deployment.user_values ?? {}) || "# nothing was set"} label="Values" />;
  return <Latest deployment={deployment} />;
}

/** Keeps what is being edited when the deployment is changed elsewhere, and offers to begin again from there. */
function Latest({ deployment }: { deployment: Deployment }) {
  const [base, setBase] = useState(deployment);
  return (
    <Stack>
      {deployment.generation > base.generation && (
        <Alert color="yellow" variant="outline" title="It was changed meanwhile" role="status">
          <Group justify="space-between">
            What you see and edit here is from before.
            <Button size="xs" variant="default" onClick={() => setBase(deployment)}>
              Show it as it is now
            </Button>
          </Group>
        </Alert>
      )}
      <Change key={base.generation} deployment={base} onApplied={setBase} />
    </Stack>
  );
}

function Change({ deployment, onApplied }: { deployment: Deployment; onApplied: (fresh: Deployment) => void }) {
  const schema = userSchema(deployment.template);
  const [domain, setDomain] = useState(deployment.domain_name);
  const [values, setValues] = useState<Values>(deployment.user_values ?? {});
  const [readable, setReadable] = useState(true);
  const change = { domain_name: domain.trim(), ...(schema ? { user_values: values } : {}) };
  const params = { path: { deployment_id: deployment.id } };
  const preview = useMutation({ mutationFn: () => ask(api.POST("/api/v1/deployments/{deployment_id}/preview", { params, body: change })) });
  const apply = useAsking(
    () =>
      ask(
        api.PATCH("/api/v1/deployments/{deployment_id}", {
          params,
          headers: ifStill(deployment.generation),
          body: { ...change, preview_id: preview.data?.id, confirm_empty: preview.data?.removes_everything ?? false },
        }),
      ),
    "The change was accepted.",
    onApplied,
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    preview.mutate();
  };
  const edited = (set: () => void) => {
    preview.reset();
    apply.reset();
    set();
  };
  const refused = preview.error instanceof Problem ? preview.error : undefined;
  const valid = readable && (!schema || problemsOf(schema, values).length === 0);
  return (
    <div className="pair">
      <form onSubmit={submit} noValidate>
        <Stack className="surface" p="lg">
          <TextInput label="Domain name" value={domain} onChange={(event) => edited(() => setDomain(event.currentTarget.value))} error={refused?.at("/domain_name")} />
          <ValuesEditor schema={schema} values={values} onChange={(next) => edited(() => setValues(next))} onReadable={setReadable} />
          <Trouble error={preview.error} except={["/domain_name"]} />
          <Group>
            <BusyButton type="submit" variant={preview.data ? "default" : "filled"} busy={preview.isPending} disabled={!valid}>
              Preview the change
            </BusyButton>
          </Group>
        </Stack>
      </form>
      {preview.data ? (
        <Stack className="surface" p="lg" aria-live="polite">
          <Title order={2} size="h4">
            This would change
          </Title>
          <ChangePreview preview={preview.data} />
          <Trouble error={apply.error} />
          <Group>
            <BusyButton busy={apply.isPending} onClick={() => apply.mutate(undefined)} color={preview.data.removes_everything ? "red.9" : undefined}>
              Apply
            </BusyButton>
            <Button variant="default" onClick={() => preview.reset()}>
              Not now
            </Button>
          </Group>
        </Stack>
      ) : (
        <Stack gap="xs">
          <Title order={2} size="h5">
            What it has now
          </Title>
          <Code text={toYaml(deployment.user_values ?? {}) || "# nothing is set: all as the product has it"} label="Values as they are" />
          <Text size="sm" c="dimmed">
            Secrets are stored sealed and shown as ********; leave those to keep them.
          </Text>
        </Stack>
      )}
    </div>
  );
}
