/** The day after which a deployment is deleted by itself. */
import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../api/client";
import type { Deployment } from "../../api/deployments";
import { FormDialog } from "../../parts/FormDialog";
import { useAsking } from "./asking";

export function Expiry({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const [day, setDay] = useState(dayOf(deployment.expires_at));
  const change = useAsking(
    () =>
      ask(
        api.PATCH("/api/v1/deployments/{deployment_id}", {
          params: { path: { deployment_id: deployment.id } },
          body: { expires_at: day ? new Date(`${day}T23:59:59`).toISOString() : null },
        }),
      ),
    day ? "It ends with that day." : "It stays until it is deleted.",
    onClose,
  );
  return (
    <FormDialog title="When does it expire?" verb="Keep it so" opened onClose={onClose} change={change} shows={["/expires_at"]}>
      {(at) => (
        <>
          <TextInput data-autofocus type="date" label="Last day" description="Empty: it stays until somebody deletes it." value={day} onChange={(event) => setDay(event.currentTarget.value)} error={at("/expires_at")} />
          <Text size="sm" c="dimmed">
            At its end the deployment is deleted with everything stored in it. An event tells of it a day before.
          </Text>
        </>
      )}
    </FormDialog>
  );
}

/** The day here, as a field of dates takes it. */
function dayOf(time: string | null | undefined): string {
  if (!time) return "";
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}
