/** The live objects of a release as a tree: workloads with their pods below them, then what they use. */
import { Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Boxes, CircleCheck, CircleX } from "lucide-react";
import { lazy, Suspense, useEffect, useRef } from "react";
import type { Schemas } from "../../api/client";
import { type Deployment, MOVING, resourcesQuery } from "../../api/deployments";
import { meQuery } from "../../api/users";
import { BusyButton } from "../../parts/BusyButton";
import { Empty } from "../../parts/Empty";
import { TextLink } from "../../parts/Links";
import { Loaded } from "../../parts/Loaded";
import { When } from "../../parts/When";
import { tree } from "./tree";
import "./objects.css";

const Manifest = lazy(async () => ({ default: (await import("./Manifest")).Manifest }));

type Pod = Schemas["Pod"];
const MOVING_MS = 2000;
const STILL_MS = 15_000;

export function Objects({ deployment }: { deployment: Deployment }) {
  const { data: me } = useQuery(meQuery);
  const own = me?.id === deployment.user_id;
  const every = own && (MOVING.has(deployment.status) ? MOVING_MS : STILL_MS);
  const resources = useQuery({ ...resourcesQuery(deployment.id), refetchInterval: every });
  const { object: picked } = useSearch({ from: "/signed-in/deployments/$deploymentId" });
  useBackTo(picked);
  const navigate = useNavigate();
  const leave = () =>
    void navigate({ to: "/deployments/$deploymentId", params: { deploymentId: deployment.id }, search: { tab: "objects" }, replace: true, resetScroll: false });
  return (
    <Loaded query={resources}>
      {({ objects, pods }) =>
        objects.length + pods.length === 0 ? (
          <Empty icon={Boxes} title="No objects in the cluster">
            {deployment.status === "deleted" ? "Everything was removed." : "They appear as soon as the release is applied."}
          </Empty>
        ) : (
          <>
            {me && !own && (
              <Group mb="sm">
                <Text size="sm" c="dimmed">
                  They are somebody else's, and each look is written down: they are not looked at again by themselves.
                </Text>
                <BusyButton size="xs" variant="default" busy={resources.isFetching} onClick={() => void resources.refetch()}>
                  Look again
                </BusyButton>
              </Group>
            )}
            <ul className="tree surface" aria-label="Live objects">
              {tree(objects, pods).map((branch) => (
                <li key={branch.kind}>
                  <Title order={2} size="h6" c="dimmed">
                    {branch.kind}
                  </Title>
                  <ul>
                    {branch.objects.map(({ object, pods: below }) => (
                      <li key={object.name}>
                        <Line name={<Picked deployment={deployment} kind={object.kind} name={object.name} />} ready={object.ready} reason={object.reason} created={object.created_at} />
                        <Pods pods={below} deployment={deployment} />
                      </li>
                    ))}
                  </ul>
                  <Pods pods={branch.pods} deployment={deployment} />
                </li>
              ))}
            </ul>
            {picked && (
              <Suspense>
                <Manifest deployment={deployment} object={picked} version={versionOf(objects, picked)} every={every} onClose={leave} />
              </Suspense>
            )}
          </>
        )
      }
    </Loaded>
  );
}

function Pods({ pods, deployment }: { pods: Pod[]; deployment: Deployment }) {
  if (!pods.length) return null;
  return (
    <ul>
      {pods.map((pod) => (
        <li key={pod.name} data-pod={pod.name}>
          <Line name={<Picked deployment={deployment} kind="Pod" name={pod.name} />} kind="Pod" ready={pod.ready || pod.phase === "Succeeded"} reason={pod.reason ?? (pod.ready ? null : pod.phase)} created={pod.created_at}>
            <TextLink to="/deployments/$deploymentId" params={{ deploymentId: deployment.id }} search={{ tab: "logs", pod: pod.name }} size="sm" aria-label={`Logs of ${pod.name}`}>
              Logs
            </TextLink>
          </Line>
          <ul>
            {pod.containers?.map((container) => (
              <li key={container.name}>
                <Line name={container.name} kind="Container" ready={container.ready} reason={container.ready ? null : container.state}>
                  <Text size="sm" c="dimmed" className="mono" component="span">
                    {container.image}
                  </Text>
                  {container.restarts > 0 && <Text size="sm">{container.restarts} restarts</Text>}
                </Line>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

/** When an object is closed, the keyboard is at its name again. */
function useBackTo(picked: string | undefined): void {
  const last = useRef(picked);
  useEffect(() => {
    if (!picked && last.current) document.querySelector<HTMLElement>(`[data-object="${CSS.escape(last.current)}"]`)?.focus();
    last.current = picked;
  }, [picked]);
}

/** A name that opens the object as YAML. */
function Picked({ deployment, kind, name }: { deployment: Deployment; kind: string; name: string }) {
  return (
    <TextLink
      to="/deployments/$deploymentId"
      params={{ deploymentId: deployment.id }}
      search={{ tab: "objects", object: `${kind}/${name}` }}
      resetScroll={false}
      preload={false}
      inherit
      data-object={`${kind}/${name}`}
      aria-label={`${kind} ${name} as YAML`}
    >
      {name}
    </TextLink>
  );
}

function versionOf(objects: Schemas["Resource"][], picked: string): string | undefined {
  return objects.find((each) => `${each.kind}/${each.name}` === picked)?.api_version;
}

interface LineProps {
  name: React.ReactNode;
  kind?: string;
  ready: boolean;
  reason?: string | null;
  created?: string | null;
  children?: React.ReactNode;
}

function Line({ name, kind, ready, reason, created, children }: LineProps) {
  const Icon = ready ? CircleCheck : CircleX;
  return (
    <Stack gap={0} py={4}>
      <Group gap="xs" wrap="wrap">
        <Icon size={16} className={ready ? "good" : "bad"} role="img" aria-label={ready ? "ready" : "not ready"} />
        {kind && (
          <Text size="sm" c="dimmed" component="span">
            {kind}
          </Text>
        )}
        <span className="mono">{name}</span>
        {children}
        {created && (
          <Text size="sm" c="dimmed" component="span">
            <When time={created} />
          </Text>
        )}
      </Group>
      {reason && !ready && (
        <Text size="sm" className="bad" pl={24}>
          {reason}
        </Text>
      )}
    </Stack>
  );
}
