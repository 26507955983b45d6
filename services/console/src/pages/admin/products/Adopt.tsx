/** Takes over a release that was made by hand: what it is, whose it shall be, and the values that it was made with. */
import { Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { PackageOpen } from "lucide-react";
import { type FormEvent, useState } from "react";
import { api, ask, type Schemas } from "../../../api/client";
import { keepDeployment, type Values } from "../../../api/deployments";
import { clustersQuery } from "../../../api/platform";
import { type Product, productQuery, type Template, templatesQuery, versionOf } from "../../../api/products";
import { Problem } from "../../../api/problem";
import { meQuery, usersQuery } from "../../../api/users";
import { BusyButton } from "../../../parts/BusyButton";
import { Empty } from "../../../parts/Empty";
import { TextLink } from "../../../parts/Links";
import { Loaded } from "../../../parts/Loaded";
import { Page } from "../../../parts/Page";
import { Trouble } from "../../../parts/Trouble";
import { userSchema } from "../../../values/schema";
import { ValuesEditor } from "../../../values/ValuesEditor";
import { problemsOf } from "../../../values/validator";

export function Adopt() {
  const { productId } = useParams({ from: "/signed-in/admin/products/$productId/adopt" });
  const product = useQuery(productQuery(productId));
  const templates = useQuery(templatesQuery(productId));
  return (
    <Page
      title={`Adopt a release as ${product.data?.name ?? ""}`}
      above={
        <TextLink to="/admin/products/$productId" params={{ productId }} size="sm">
          {product.data?.name ?? "Product"}
        </TextLink>
      }
      lead="A release that somebody made with “helm install” becomes a deployment. Nothing of it is changed: when it is not just what this product gives with these values, you are told in what it differs."
    >
      <Loaded query={product}>
        {(shown) => (
          <Loaded query={templates}>
            {(all) => {
              const usable = all.filter((each) => !each.deleted_at);
              return usable.length ? (
                <AdoptForm product={shown} templates={usable} />
              ) : (
                <Empty icon={PackageOpen} title="No version to adopt it as">
                  Publish the version of the chart that the release was made from first.
                </Empty>
              );
            }}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}

const SHOWN = ["/namespace_name", "/release_name", "/domain_name", "/template_id", "/user_id", "/cluster"];

function AdoptForm({ product, templates }: { product: Product; templates: Template[] }) {
  const me = useQuery(meQuery);
  const users = useQuery(usersQuery);
  const clusters = useQuery(clustersQuery);
  const [version, setVersion] = useState(templates.find((each) => each.id === product.template_id)?.id ?? templates[0]?.id ?? "");
  const [namespace, setNamespace] = useState("");
  const [release, setRelease] = useState<string>();
  const [domain, setDomain] = useState("");
  const [owner, setOwner] = useState<string>();
  const [cluster, setCluster] = useState("local");
  const [values, setValues] = useState<Values>({});
  const [readable, setReadable] = useState(true);
  const template = templates.find((each) => each.id === version);
  const schema = template ? userSchema(template) : null;
  const adopt = useAdopting();
  const refused = adopt.error instanceof Problem ? adopt.error : undefined;
  const filled = namespace.trim() !== "" && domain.trim() !== "";
  const valid = filled && readable && (!schema || problemsOf(schema, values).length === 0);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    adopt.mutate({
      template_id: version,
      namespace_name: namespace.trim(),
      release_name: (release ?? namespace).trim(),
      domain_name: domain.trim(),
      user_id: owner ?? me.data?.id,
      cluster,
      user_values: schema && Object.keys(values).length ? values : null,
    });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack className="surface" p="lg" maw={720}>
        <TextInput label="Namespace" description="Where the release is. It stays when the deployment is deleted." required autoFocus value={namespace} onChange={(event) => setNamespace(event.currentTarget.value)} error={refused?.at("/namespace_name")} autoComplete="off" spellCheck={false} />
        <TextInput label="Release" description="Its name, as “helm list” shows it." required value={release ?? namespace} onChange={(event) => setRelease(event.currentTarget.value)} error={refused?.at("/release_name")} autoComplete="off" spellCheck={false} />
        <Select label="Version" description="The chart that it was made from." data={templates.map((each) => ({ value: each.id, label: versionOf(each) }))} value={version} allowDeselect={false} onChange={(next) => setVersion(next ?? version)} error={refused?.at("/template_id")} />
        <TextInput label="Domain name" description="Where it is reached." required value={domain} onChange={(event) => setDomain(event.currentTarget.value)} placeholder="shop.example.org" error={refused?.at("/domain_name")} autoComplete="off" spellCheck={false} />
        <Select label="Owner" searchable data={(users.data ?? []).map((each) => ({ value: each.id, label: each.email }))} value={owner ?? me.data?.id ?? null} allowDeselect={false} onChange={(next) => setOwner(next ?? undefined)} error={refused?.at("/user_id")} />
        {(clusters.data?.length ?? 0) > 1 && <Select label="Cluster" data={clusters.data?.map((each) => each.name)} value={cluster} allowDeselect={false} onChange={(next) => setCluster(next ?? cluster)} error={refused?.at("/cluster")} />}
        <ValuesEditor key={version} schema={schema} values={values} onChange={setValues} onReadable={setReadable} />
        <Text size="sm" c="dimmed">
          <code className="mono">helm get values {release ?? (namespace || "RELEASE")} -n {namespace || "NAMESPACE"}</code> prints the values that it was made with.
        </Text>
        <Trouble error={adopt.error} except={SHOWN} />
        <Group>
          <BusyButton type="submit" busy={adopt.isPending} disabled={!valid}>
            Adopt
          </BusyButton>
        </Group>
      </Stack>
    </form>
  );
}

function useAdopting() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (body: Schemas["DeploymentAdopt"]) => ask(api.POST("/api/v1/deployments/adopt", { body })),
    onSuccess: (deployment) => {
      keepDeployment(client, deployment);
      void navigate({ to: "/deployments/$deploymentId", params: { deploymentId: deployment.id } });
    },
  });
}
