/** Offers the product's newer version: to admins as a change with a preview, to others as news. */
import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type UseMutationResult, useQuery } from "@tanstack/react-query";
import { ArrowUpCircle } from "lucide-react";
import { api, ask } from "../../api/client";
import type { Deployment, Preview } from "../../api/deployments";
import { type Template, templatesQuery, versionOf } from "../../api/products";
import { meQuery } from "../../api/users";
import { BusyButton } from "../../parts/BusyButton";
import { closing } from "../../parts/closing";
import { Loaded } from "../../parts/Loaded";
import { Trouble } from "../../parts/Trouble";
import { useFocusBack } from "../../parts/useFocusBack";
import { ChangePreview } from "../../values/ChangePreview";
import { useAsking } from "./asking";
import { changePreviewQuery } from "./previews";

export function Upgrade({ deployment }: { deployment: Deployment }) {
  const newer = deployment.newer_template_id;
  const { data: me } = useQuery(meQuery);
  const { data: templates } = useQuery({ ...templatesQuery(deployment.template.product_id), enabled: newer !== null });
  const [opened, dialog] = useDisclosure(false);
  const target = templates?.find((each) => each.id === newer);
  if (!newer || !target || deployment.status === "deleting" || deployment.status === "deleted") return null;
  return (
    <Alert color="indigo" variant="outline" icon={<ArrowUpCircle aria-hidden className="busy" />} title={`Version ${versionOf(target)} is out`}>
      <Group justify="space-between">
        <Text size="sm">
          It runs {versionOf(deployment.template)} now. {!me?.is_admin && "Your platform team upgrades it."}
        </Text>
        {me?.is_admin && (
          <Button size="xs" onClick={dialog.open}>
            Look at the upgrade
          </Button>
        )}
      </Group>
      <UpgradeDialog deployment={deployment} version={target} opened={opened} onClose={dialog.close} />
    </Alert>
  );
}

function UpgradeDialog({ deployment, version, opened, onClose }: { deployment: Deployment; version: Template; opened: boolean; onClose: () => void }) {
  useFocusBack(opened);
  const upgrade = useAsking(
    (preview: Preview) =>
      ask(
        api.POST("/api/v1/deployments/{deployment_id}/upgrade", {
          params: { path: { deployment_id: deployment.id } },
          body: { template_id: version.id, preview_id: preview.id, confirm_empty: preview.removes_everything },
        }),
      ),
    "The upgrade was accepted.",
    onClose,
  );
  return (
    <Modal opened={opened} onClose={closing(upgrade, onClose)} size="xl" title={`Upgrade to ${versionOf(version)}`}>
      <UpgradeReview deployment={deployment} version={version} upgrade={upgrade} />
    </Modal>
  );
}

function UpgradeReview({ deployment, version, upgrade }: { deployment: Deployment; version: Template; upgrade: UseMutationResult<Deployment, Error, Preview> }) {
  const preview = useQuery(changePreviewQuery(deployment, { template_id: version.id }));
  return (
    <Loaded query={preview}>
      {(found) => (
        <Stack>
          <ChangePreview preview={found} />
          <Trouble error={upgrade.error} />
          <Group justify="flex-end">
            <BusyButton busy={upgrade.isPending} onClick={() => upgrade.mutate(found)} color={found.removes_everything ? "red.9" : undefined}>
              Upgrade
            </BusyButton>
          </Group>
        </Stack>
      )}
    </Loaded>
  );
}
