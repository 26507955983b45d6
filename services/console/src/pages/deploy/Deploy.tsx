/** From a product to a deployment: fill in, look at what it would do, confirm. */
import { Alert, Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, ask, freshKey } from "../../api/client";
import { deploymentsQuery, keepDeployment, type Preview, type Values } from "../../api/deployments";
import { Problem, problemOf } from "../../api/problem";
import { type Product, productQuery, type Template, templatesQuery, versionOf } from "../../api/products";
import { BusyButton } from "../../parts/BusyButton";
import { TextLink } from "../../parts/Links";
import { Loaded } from "../../parts/Loaded";
import { Page } from "../../parts/Page";
import { ProductIcon } from "../../parts/ProductIcon";
import { Trouble } from "../../parts/Trouble";
import { ChangePreview } from "../../values/ChangePreview";
import { userSchema } from "../../values/schema";
import { ValuesEditor } from "../../values/ValuesEditor";
import { problemsOf } from "../../values/validator";
import { freshSuffix, suggestedDomain } from "./suggested";

export function Deploy() {
  const { productId } = useParams({ from: "/signed-in/products/$productId/deploy" });
  const { version } = useSearch({ from: "/signed-in/products/$productId/deploy" });
  return <Form key={`${productId} ${version ?? ""}`} productId={productId} version={version} />;
}

/** Keeps the version that it began with, and offers the one that is current by now. */
function Form({ productId, version }: { productId: string; version: string | undefined }) {
  const product = useQuery(productQuery(productId));
  const templates = useQuery({ ...templatesQuery(productId), enabled: Boolean(version) });
  const wanted = version ? templates.data?.find((each) => each.id === version) : product.data?.template;
  const [base, setBase] = useState(wanted);
  if (!base && wanted) setBase(wanted);
  const template = base ?? wanted;
  const mine = useQuery(deploymentsQuery());
  const latest = mine.data?.[0]?.domain_name;
  const chosen = version ? templates : product;
  const waits = mine.isPending ? mine : chosen; // a domain that is suggested later would come into what is being typed
  return (
    <Page
      title={`Deploy ${product.data?.name ?? ""}`}
      above={
        <TextLink to="/products/$productId" params={{ productId }} size="sm">
          {product.data?.name ?? "Product"}
        </TextLink>
      }
      heading={
        product.data && (
          <Group gap="sm" wrap="nowrap">
            <ProductIcon name={product.data.name} icon={product.data.icon} size={36} />
            Deploy {product.data.name}
          </Group>
        )
      }
      lead={template && `Version ${versionOf(template)}`}
    >
      <Loaded query={waits as typeof product}>
        {() =>
          template && product.data ? (
            <Stack>
              {wanted && wanted.id !== template.id && (
                <Alert color="yellow" variant="outline" title={`Version ${versionOf(wanted)} is current by now`} role="status" maw={720}>
                  <Group justify="space-between">
                    What you fill in here is for version {versionOf(template)}.
                    <Button size="xs" variant="default" onClick={() => setBase(wanted)}>
                      Begin again with {versionOf(wanted)}
                    </Button>
                  </Group>
                </Alert>
              )}
              <Steps key={template.id} product={product.data} template={template} latest={latest} />
            </Stack>
          ) : (
            <Alert color="gray" variant="outline" title="Nothing to deploy">
              This product has no version that can be deployed now.
            </Alert>
          )
        }
      </Loaded>
    </Page>
  );
}

function Steps({ product, template, latest }: { product: Product; template: Template; latest: string | undefined }) {
  const schema = userSchema(template);
  const [domain, setDomain] = useState(() => suggestedDomain(product.slug, freshSuffix(), latest));
  const [values, setValues] = useState<Values>({});
  const [readable, setReadable] = useState(true);
  const [reviewing, setReviewing] = useState(false);
  const wanted = { template_id: template.id, domain_name: domain.trim(), user_values: schema && Object.keys(values).length ? values : null };
  const preview = useMutation({
    mutationFn: () => ask(api.POST("/api/v1/deployments/preview", { body: wanted })),
    onSuccess: () => setReviewing(true),
    onError: (error) => setReviewing(problemOf(error).status === 503),
  });
  const create = useCreate();
  const taken = create.error && problemOf(create.error).code === "domain_taken" ? problemOf(create.error).detail : undefined;
  const valid = readable && domain.trim() !== "" && (!schema || problemsOf(schema, values).length === 0);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.reset();
    preview.mutate();
  };
  if (reviewing) {
    return (
      <Review
        domain={domain}
        preview={preview.data}
        error={create.error ?? preview.error}
        busy={create.isPending}
        onBack={() => {
          create.reset();
          setReviewing(false);
        }}
        onDeploy={() =>
          create.mutate(
            { ...wanted, preview_id: preview.data?.id },
            { onError: (error) => setReviewing(problemOf(error).code !== "domain_taken") },
          )
        }
      />
    );
  }
  const refused = preview.error instanceof Problem ? preview.error : undefined;
  return (
    <form onSubmit={submit} noValidate>
      <Stack className="surface" p="lg" maw={720}>
        <TextInput
          label="Domain name"
          description="Where it will be reached. Each domain has one deployment."
          required
          autoFocus
          onFocus={(event) => event.currentTarget.select()}
          value={domain}
          onChange={(event) => {
            create.reset();
            setDomain(event.currentTarget.value);
          }}
          placeholder="shop.example.org"
          error={refused?.at("/domain_name") ?? taken}
          autoComplete="off"
          spellCheck={false}
        />
        <ValuesEditor schema={schema} values={values} onChange={setValues} onReadable={setReadable} />
        <Trouble error={preview.error} except={["/domain_name"]} />
        <Group>
          <BusyButton type="submit" busy={preview.isPending} disabled={!valid}>
            Preview
          </BusyButton>
          <Text size="sm" c="dimmed">
            Nothing is made yet.
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

function useCreate() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [key] = useState(freshKey);
  return useMutation({
    mutationFn: (body: { template_id: string; domain_name: string; user_values: Values | null; preview_id?: string }) =>
      ask(api.POST("/api/v1/deployments", { body, headers: { "Idempotency-Key": `${key}-${body.preview_id ?? ""}` } })),
    onSuccess: (deployment) => {
      keepDeployment(client, deployment);
      void navigate({ to: "/deployments/$deploymentId", params: { deploymentId: deployment.id } });
    },
  });
}

interface ReviewProps {
  domain: string;
  preview: Preview | undefined;
  error: unknown;
  busy: boolean;
  onBack: () => void;
  onDeploy: () => void;
}

function Review({ domain, preview, error, busy, onBack, onDeploy }: ReviewProps) {
  return (
    <Stack className="surface" p="lg" maw={900}>
      <Title order={2} size="h4">
        This is what <span className="mono">{domain}</span> will be made of
      </Title>
      {preview ? <ChangePreview preview={preview} /> : <Text>There is no preview at the moment; it can be deployed all the same.</Text>}
      <Trouble error={error} />
      <Group>
        <BusyButton onClick={onDeploy} busy={busy} autoFocus>
          Deploy
        </BusyButton>
        <Button variant="default" onClick={onBack}>
          Back
        </Button>
      </Group>
    </Stack>
  );
}
