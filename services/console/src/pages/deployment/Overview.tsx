/** How it is, its real reason, what the chart says, and the latest that happened. */
import { Alert, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { CircleX, Info, TriangleAlert } from "lucide-react";
import { type Deployment, isAdopted, notesQuery } from "../../api/deployments";
import { versionOf } from "../../api/products";
import { Code } from "../../parts/Code";
import { TextLink } from "../../parts/Links";
import { When } from "../../parts/When";
import { drift } from "./drift";
import { Recent } from "./Timeline";
import { Upgrade } from "./Upgrade";

const MEANING: Record<string, string> = {
  transient: "It is tried again by itself.",
  terminal: "It is not tried again until something is changed.",
  needs_person: "Somebody with rights on the cluster or the platform has to act.",
  cancelled: "It was cancelled. Change it, or reconcile, to go on.",
};

export function Overview({ deployment }: { deployment: Deployment }) {
  return (
    <div className="pair pair-wide-left">
      <Stack gap="lg">
        <Reason deployment={deployment} />
        <Upgrade deployment={deployment} />
        <Facts deployment={deployment} />
        {deployment.status === "ready" && <Notes id={deployment.id} />}
      </Stack>
      <section className="surface" style={{ padding: "var(--mantine-spacing-md)" }} aria-labelledby="lately">
        <Title order={2} size="h5" id="lately" mb="md">
          Lately
        </Title>
        <Recent id={deployment.id} />
      </section>
    </div>
  );
}

function Reason({ deployment }: { deployment: Deployment }) {
  const drifted = drift(deployment);
  return (
    <>
      {deployment.last_error && deployment.status !== "ready" && (
        <Alert color="red" variant="outline" icon={<CircleX aria-hidden className="bad" />} title={deployment.status === "error" ? "It failed" : "The last try failed"}>
          <Text style={{ overflowWrap: "anywhere" }}>{deployment.last_error}</Text>
          <Text size="sm" c="dimmed" mt={4}>
            {MEANING[deployment.failure_class ?? ""]}
          </Text>
        </Alert>
      )}
      {deployment.suspended && (
        <Alert color="yellow" variant="outline" icon={<Info aria-hidden className="warn" />} title="Suspended">
          Changes are kept and wait until it is resumed. Deleting still works.
        </Alert>
      )}
      {deployment.drifted && (
        <Alert color="yellow" variant="outline" icon={<TriangleAlert aria-hidden className="warn" />} title="Changed behind Slipway's back">
          <Text>Live objects differ from what was deployed. Reconcile sets them right.</Text>
          <ul>
            {drifted.map((each) => (
              <li key={each} className="mono">
                {each}
              </li>
            ))}
          </ul>
        </Alert>
      )}
    </>
  );
}

function Facts({ deployment }: { deployment: Deployment }) {
  const { template } = deployment;
  return (
    <dl className="facts surface" style={{ padding: "var(--mantine-spacing-md)" }}>
      <Fact name="Product">
        <TextLink to="/products/$productId" params={{ productId: template.product_id }}>
          {template.product?.name ?? "gone"}
        </TextLink>{" "}
        {versionOf(template)}
      </Fact>
      <Fact name="Generation">
        {deployment.applied_generation ?? "none"} of {deployment.generation} applied
      </Fact>
      <Fact name="Created">
        <When time={deployment.created_at} />
      </Fact>
      <Fact name="Last compared">
        <When time={deployment.last_reconcile_at} />
      </Fact>
      {deployment.expires_at && (
        <Fact name="Expires">
          <When time={deployment.expires_at} />
        </Fact>
      )}
      <Fact name="Cluster">{deployment.cluster}</Fact>
      <Fact name="Namespace and release">
        <span className="mono">{deployment.namespace_name}</span>
        {deployment.release_name !== deployment.namespace_name && <span className="mono"> {deployment.release_name}</span>}
        {isAdopted(deployment) && <Text size="sm" c="dimmed">Adopted: it was made by hand.</Text>}
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Notes({ id }: { id: string }) {
  const { data: notes } = useQuery(notesQuery(id));
  if (!notes?.trim()) return null;
  return (
    <section aria-labelledby="notes">
      <Title order={2} size="h5" id="notes" mb="xs">
        Notes
      </Title>
      <Code text={notes.trim()} label="Notes of the chart" wrap />
    </section>
  );
}
