/** One deployment: how it is and why, what happened, what it consists of, and everything one can do with it. */
import { Anchor, Group, Tabs, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { type Deployment, deploymentQuery } from "../../api/deployments";
import { useProgressWords } from "../../api/progress";
import { TextLink } from "../../parts/Links";
import { Loaded } from "../../parts/Loaded";
import { Page } from "../../parts/Page";
import { Status } from "../../parts/Status";
import { Actions } from "./Actions";
import { Overview } from "./Overview";
import { EventTimeline } from "./Timeline";

const Objects = lazy(async () => ({ default: (await import("./Objects")).Objects }));
const Logs = lazy(async () => ({ default: (await import("./Logs")).Logs }));
const ValuesTab = lazy(async () => ({ default: (await import("./ValuesTab")).ValuesTab }));
const Revisions = lazy(async () => ({ default: (await import("./Revisions")).Revisions }));


const TABS = [
  ["overview", "Overview", Overview],
  ["objects", "Objects", Objects],
  ["logs", "Logs", Logs],
  ["values", "Values", ValuesTab],
  ["revisions", "Revisions", Revisions],
  ["events", "Events", EventTimeline],
] as const;

export function DeploymentPage() {
  const { deploymentId } = useParams({ from: "/signed-in/deployments/$deploymentId" });
  const deployment = useQuery(deploymentQuery(deploymentId));
  const shown = deployment.data;
  return (
    <Page
      title={shown?.domain_name ?? "Deployment"}
      above={
        <TextLink to="/deployments" size="sm">
          Deployments
        </TextLink>
      }
      lead={shown && <Summary deployment={shown} />}
      actions={shown && <Actions deployment={shown} />}
    >
      <Loaded query={deployment}>{(found) => <Sections key={found.id} deployment={found} />}</Loaded>
    </Page>
  );
}

function Summary({ deployment }: { deployment: Deployment }) {
  const progress = useProgressWords(deployment);
  return (
    <Group gap="md">
      <Status status={deployment.status} size={18} />
      {progress && <Text size="sm" c="dimmed">{progress}</Text>}
      {deployment.suspended && <Status status="suspended" />}
      {deployment.drifted && <Status status="drifted" />}
      {deployment.status === "ready" && (
        <Anchor href={deployment.url} target="_blank" rel="noreferrer" size="sm">
          <Group gap={4} component="span">
            Open it <ExternalLink size={14} aria-label="(in a new tab)" />
          </Group>
        </Anchor>
      )}
    </Group>
  );
}

/** Its form keeps what was typed while another tab is looked at. */
const KEPT = "values";

export function Sections({ deployment }: { deployment: Deployment }) {
  const { tab = "overview" } = useSearch({ from: "/signed-in/deployments/$deploymentId" });
  const navigate = useNavigate();
  const [visited, setVisited] = useState(false);
  if (tab === KEPT && !visited) setVisited(true);
  const go = (next: string | null) =>
    void navigate({ to: "/deployments/$deploymentId", params: { deploymentId: deployment.id }, search: { tab: next ?? undefined }, replace: true });
  return (
    <Tabs value={tab} onChange={go} keepMounted={false} keepMountedMode="display-none">
      <Tabs.List mb="lg" className="tabs">
        {TABS.map(([value, label]) => (
          <Tabs.Tab key={value} value={value}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {TABS.map(([value, , Section]) => (
        <Tabs.Panel key={value} value={value} tabIndex={-1} keepMounted={value === KEPT && visited}>
          <Suspense>
            <Section deployment={deployment} />
          </Suspense>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
