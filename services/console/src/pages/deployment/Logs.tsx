/** What a pod prints, followed as it prints it. */
import { Button, Group, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download, ScrollText, Search } from "lucide-react";
import { useState } from "react";
import { type Deployment, resourcesQuery } from "../../api/deployments";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { Trouble } from "../../parts/Trouble";
import { Lines, save } from "./Lines";
import { useLog } from "./useLog";

export function Logs({ deployment }: { deployment: Deployment }) {
  const resources = useQuery(resourcesQuery(deployment.id));
  const { pod } = useSearch({ from: "/signed-in/deployments/$deploymentId" });
  return (
    <Loaded query={resources}>
      {({ pods }) => {
        const chosen = pods.find((each) => each.name === pod) ?? pods[0];
        return chosen ? (
          <PodLogs key={chosen.name} deployment={deployment} pods={pods.map((each) => each.name)} pod={chosen.name} containers={chosen.containers?.map((each) => each.name) ?? []} />
        ) : (
          <Empty icon={ScrollText} title="No pod to listen to">
            Logs appear here as soon as a pod of this deployment runs.
          </Empty>
        );
      }}
    </Loaded>
  );
}

interface Props {
  deployment: Deployment;
  pods: string[];
  pod: string;
  containers: string[];
}

function PodLogs({ deployment, pods, pod, containers }: Props) {
  const navigate = useNavigate();
  const [container, setContainer] = useState(containers[0]);
  const [follow, setFollow] = useState(true);
  const [previous, setPrevious] = useState(false);
  const [wrap, setWrap] = useState(false);
  const [words, setWords] = useState("");
  const log = useLog({ deployment: deployment.id, pod, container, follow: follow && !previous, previous });
  return (
    <Stack>
      <Group align="flex-end">
        <Select
          label="Pod"
          data={pods}
          value={pod}
          allowDeselect={false}
          style={{ flex: "1 1 16rem" }}
          maw={480}
          onChange={(next) => void navigate({ to: "/deployments/$deploymentId", params: { deploymentId: deployment.id }, search: { tab: "logs", pod: next ?? undefined }, replace: true })}
        />
        {containers.length > 1 && <Select label="Container" data={containers} value={container} allowDeselect={false} onChange={(next) => setContainer(next ?? containers[0])} />}
        <Switch label="Follow" checked={follow && !previous} disabled={previous} onChange={(event) => setFollow(event.currentTarget.checked)} mb={8} />
        <Switch label="Before its last restart" checked={previous} onChange={(event) => setPrevious(event.currentTarget.checked)} mb={8} />
        <Switch label="Wrap" checked={wrap} onChange={(event) => setWrap(event.currentTarget.checked)} mb={8} />
      </Group>
      <Group>
        <TextInput type="search" aria-label="Lines with" placeholder="Only lines with…" leftSection={<Search size={16} aria-hidden />} value={words} onChange={(event) => setWords(event.currentTarget.value)} style={{ flex: 1 }} maw={360} />
        <Button variant="default" leftSection={<Download size={16} aria-hidden />} disabled={!log.text} onClick={() => save(log.text, `${pod}.log`)}>
          Download
        </Button>
      </Group>
      <Trouble error={log.error} retry={log.again} />
      <Lines text={log.text} words={words} wrap={wrap} state={log.state} />
      {log.state === "ended" && follow && !previous && (
        <Group>
          <Text size="sm" c="dimmed">
            The pod ended, or the connection did.
          </Text>
          <Button size="xs" variant="default" onClick={log.again}>
            Follow again
          </Button>
        </Group>
      )}
    </Stack>
  );
}

