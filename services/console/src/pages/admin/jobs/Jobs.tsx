/** The queue of reconcile jobs: what waits, what runs, what is stuck; and the two levers. */
import { Button, Group, Select, Stack, Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ListChecks, RefreshCw } from "lucide-react";
import { api, ask } from "../../../api/client";
import { type Job, type JobStatus, jobsQuery } from "../../../api/platform";
import { BusyButton } from "../../../parts/BusyButton";
import { ACTIONS, Columns } from "../../../parts/Columns";
import { Empty } from "../../../parts/Empty";
import { ending } from "../../../parts/ending";
import { TextLink } from "../../../parts/Links";
import { Loaded } from "../../../parts/Loaded";
import { Older } from "../../../parts/Older";
import { Page } from "../../../parts/Page";
import { Status, statusLabel } from "../../../parts/Status";
import { useChange } from "../../../parts/useChange";
import { When } from "../../../parts/When";

const STATUSES: JobStatus[] = ["delayed", "queued", "leased", "running", "succeeded", "failed", "superseded", "cancelled", "quarantined"];
const AGAIN = new Set(["failed", "cancelled", "quarantined", "delayed"]);
const OPEN = new Set(["delayed", "queued", "leased", "running", "quarantined"]);

export function Jobs() {
  const { status } = useSearch({ from: "/signed-in/admin/jobs" });
  const navigate = useNavigate();
  const jobs = useInfiniteQuery(jobsQuery(status as JobStatus | undefined));
  const scan = useChange(() => ask(api.POST("/api/v1/admin/drift-scan", { body: {} })), { keys: [["jobs"]], said: "All ready deployments are being compared." });
  return (
    <Page
      wide
      title="Jobs"
      lead="Every change becomes a job that an executor carries out."
      actions={
        <>
          <Select
            aria-label="Status"
            placeholder="Any status"
            clearable
            w={160}
            data={STATUSES.map((value) => ({ value, label: statusLabel(value) }))}
            value={status ?? null}
            onChange={(next) => void navigate({ to: "/admin/jobs", search: { status: next ?? undefined }, replace: true })}
          />
          <BusyButton variant="default" leftSection={<RefreshCw size={16} aria-hidden />} busy={scan.isPending} onClick={() => scan.mutate(undefined)}>
            Scan for drift
          </BusyButton>
        </>
      }
    >
      <Loaded query={jobs}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.items);
          return all.length ? (
            <Stack>
              <JobTable all={all} />
              <Older query={jobs} />
            </Stack>
          ) : (
            <Empty icon={ListChecks} title="No such job">
              {status ? "No job has this status now." : "Jobs appear when somebody deploys or changes something."}
            </Empty>
          );
        }}
      </Loaded>
    </Page>
  );
}

function JobTable({ all }: { all: Job[] }) {
  const keys = [["jobs"]];
  const requeue = useChange((id: string) => ask(api.POST("/api/v1/jobs/{job_id}/requeue", { params: { path: { job_id: id } }, body: {} })), { keys, said: "Queued again." });
  const fail = useChange((id: string) => ask(api.POST("/api/v1/jobs/{job_id}/fail", { params: { path: { job_id: id } }, body: {} })), { keys, said: "Ended as failed." });
  return (
    <Columns names={["Status", "For", "Deployment", "Failed tries", "Executor", "Changed", ACTIONS]} minWidth={880}>
      {all.map((job) => (
        <Table.Tr key={job.id}>
          <Table.Td maw={340}>
            <Status status={job.status} />
            {job.last_error && (
              <Text size="sm" c="dimmed" lineClamp={2} title={job.last_error}>
                {job.last_error}
              </Text>
            )}
          </Table.Td>
          <Table.Td>{job.reason}</Table.Td>
          <Table.Td>
            <TextLink to="/deployments/$deploymentId" params={{ deploymentId: job.deployment_id }} className="mono">
              {ending(job.deployment_id)}
            </TextLink>
          </Table.Td>
          <Table.Td>
            {job.attempt}
            {job.lost > 0 && <Text size="sm" className="warn">{job.lost} lost</Text>}
          </Table.Td>
          <Table.Td className="mono" title={job.locked_by ?? undefined}>
            {job.locked_by ? ending(job.locked_by) : "—"}
          </Table.Td>
          <Table.Td>
            <When time={job.updated_at} />
          </Table.Td>
          <Table.Td>
            <Group gap="xs" justify="flex-end" wrap="nowrap">
              {AGAIN.has(job.status) && (
                <Button size="xs" variant="default" onClick={() => requeue.mutate(job.id)}>
                  Requeue
                </Button>
              )}
              {OPEN.has(job.status) && (
                <Button size="xs" variant="default" onClick={() => fail.mutate(job.id)}>
                  Fail
                </Button>
              )}
            </Group>
          </Table.Td>
        </Table.Tr>
      ))}
    </Columns>
  );
}
