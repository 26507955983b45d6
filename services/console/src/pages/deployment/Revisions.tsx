/** What was deployed before, what differed, and the way back. */
import { Badge, Button, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useState } from "react";
import { api, ask, type Schemas } from "../../api/client";
import { type Deployment, revisionsQuery } from "../../api/deployments";
import { templatesQuery, versionOf } from "../../api/products";
import { ACTIONS, Columns } from "../../parts/Columns";
import { Confirm } from "../../parts/Confirm";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { When } from "../../parts/When";
import { useAsking } from "./asking";
import { Compare } from "./Compare";

type Revision = Schemas["DeploymentRevisionRead"];

export function Revisions({ deployment }: { deployment: Deployment }) {
  const revisions = useQuery(revisionsQuery(deployment.id));
  return (
    <Loaded query={revisions}>
      {(all) =>
        all.length ? (
          <RevisionTable deployment={deployment} all={all} />
        ) : (
          <Empty icon={History} title="No revision yet">
            Each release that is applied becomes a revision, and one can go back to it.
          </Empty>
        )
      }
    </Loaded>
  );
}

function RevisionTable({ deployment, all }: { deployment: Deployment; all: Revision[] }) {
  const { data: templates } = useQuery(templatesQuery(deployment.template.product_id));
  const [target, setTarget] = useState<Revision>();
  const [compared, setCompared] = useState<Revision>();
  const rollBack = useAsking(
    (revision: number) =>
      ask(api.POST("/api/v1/deployments/{deployment_id}/rollback", { params: { path: { deployment_id: deployment.id } }, body: { revision } })),
    "It goes back. It stays so until it is changed again.",
    () => setTarget(undefined),
  );
  const [latest] = all;
  const current = (each: Revision) => deployment.status === "ready" && each.generation === deployment.applied_generation;
  const live = deployment.status !== "deleting" && deployment.status !== "deleted";
  const version = (id: string) => {
    const found = templates?.find((each) => each.id === id);
    return found ? versionOf(found) : "another version";
  };
  return (
    <>
      <Columns names={["Revision", "Version", "Outcome", "When", ACTIONS]} minWidth={620}>
        {all.map((each) => (
          <Table.Tr key={each.revision}>
            <Table.Td fw={600}>{each.revision}</Table.Td>
            <Table.Td>{version(each.template_id)}</Table.Td>
            <Table.Td>
              <Group gap="xs">
                <Text className={each.succeeded ? "good" : "bad"}>{each.succeeded ? "was ready" : "never ready"}</Text>
                {each === latest && <Badge color="indigo.8">latest</Badge>}
              </Group>
            </Table.Td>
            <Table.Td>
              <When time={each.created_at} />
            </Table.Td>
            <Table.Td>
              <Group gap="xs" justify="flex-end" wrap="nowrap">
                <Button size="xs" variant="default" onClick={() => setCompared(each)} aria-label={`Values of revision ${each.revision}`}>
                  Values
                </Button>
                {live && !current(each) && each.succeeded && (
                  <Button size="xs" variant="default" onClick={() => setTarget(each)} aria-label={`Roll back to revision ${each.revision}`}>
                    Roll back
                  </Button>
                )}
              </Group>
            </Table.Td>
          </Table.Tr>
        ))}
      </Columns>
      <Modal opened={compared !== undefined} onClose={() => setCompared(undefined)} size="lg" title={`Values of revision ${compared?.revision ?? ""} and now`}>
        {compared && <Compare before={compared.user_values_json} after={deployment.user_values} />}
      </Modal>
      <Confirm title={`Roll back to revision ${target?.revision ?? ""}?`} verb="Roll back" opened={target !== undefined} busy={rollBack.isPending} error={rollBack.error} onClose={() => setTarget(undefined)} onConfirm={() => target && rollBack.mutate(target.revision)}>
        <Stack gap="sm">
          <span>Version {target && version(target.template_id)} and the values of that revision become what is wanted again.</span>
          {target && <Compare before={deployment.user_values} after={target.user_values_json} />}
        </Stack>
      </Confirm>
    </>
  );
}
