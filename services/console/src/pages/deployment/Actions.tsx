/** What can be asked of a deployment. */
import { Button, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Ban, CalendarClock, ChevronDown, CirclePause, CirclePlay, FlaskConical, GitCompareArrows, RotateCw, Trash2 } from "lucide-react";
import { api, ask } from "../../api/client";
import { type Deployment, isAdopted, MOVING } from "../../api/deployments";
import { BusyButton } from "../../parts/BusyButton";
import { Confirm } from "../../parts/Confirm";
import { useAsking, useVerb } from "./asking";
import { Expiry } from "./Expiry";

export function Actions({ deployment }: { deployment: Deployment }) {
  const [deleting, dialog] = useDisclosure(false);
  const [expiring, expiry] = useDisclosure(false);
  const verb = useVerb(deployment.id);
  if (deployment.status === "deleted" || deployment.status === "deleting") return null;
  const runs = MOVING.has(deployment.status);
  return (
    <>
      {runs && (
        <Button variant="default" leftSection={<Ban size={16} aria-hidden />} onClick={() => verb.mutate("cancel")}>
          Cancel
        </Button>
      )}
      <BusyButton variant="default" leftSection={<GitCompareArrows size={16} aria-hidden />} busy={verb.isPending} onClick={() => verb.mutate("reconcile")}>
        Reconcile
      </BusyButton>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDown size={16} aria-hidden />}>
            More
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<RotateCw size={16} aria-hidden />} onClick={() => verb.mutate("restart")}>
            Restart its pods
          </Menu.Item>
          <Menu.Item leftSection={<FlaskConical size={16} aria-hidden />} onClick={() => verb.mutate("test")}>
            Run the chart's tests
          </Menu.Item>
          {deployment.suspended ? (
            <Menu.Item leftSection={<CirclePlay size={16} aria-hidden />} onClick={() => verb.mutate("resume")}>
              Resume
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<CirclePause size={16} aria-hidden />} onClick={() => verb.mutate("suspend")}>
              Suspend
            </Menu.Item>
          )}
          <Menu.Item leftSection={<CalendarClock size={16} aria-hidden />} onClick={expiry.open}>
            Expiry…
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="var(--console-bad)" leftSection={<Trash2 size={16} aria-hidden />} onClick={dialog.open}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {expiring && <Expiry deployment={deployment} onClose={expiry.close} />}
      <Delete deployment={deployment} opened={deleting} onClose={dialog.close} />
    </>
  );
}

function Delete({ deployment, opened, onClose }: { deployment: Deployment; opened: boolean; onClose: () => void }) {
  const remove = useAsking(
    () => ask(api.DELETE("/api/v1/deployments/{deployment_id}", { params: { path: { deployment_id: deployment.id } } })),
    "It is being deleted.",
    onClose,
  );
  return (
    <Confirm
      title="Delete this deployment?"
      verb="Delete it"
      danger
      typed={deployment.domain_name}
      opened={opened}
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate(undefined)}
    >
      {isAdopted(deployment)
        ? "What Slipway has taken over is uninstalled; the namespace stays, because it was there before. This cannot be taken back."
        : "The release is uninstalled and its namespace removed, with everything stored in it. This cannot be taken back."}
    </Confirm>
  );
}
