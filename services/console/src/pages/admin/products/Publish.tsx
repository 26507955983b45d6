/** Publishes a version: where it comes from, what users may set, and the form they will see, side by side. */
import { Group, SegmentedControl, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useMemo, useState } from "react";
import { api, ask, freshKey } from "../../../api/client";
import type { Values } from "../../../api/deployments";
import { problemOf } from "../../../api/problem";
import { productQuery } from "../../../api/products";
import { BusyButton } from "../../../parts/BusyButton";
import { TextLink } from "../../../parts/Links";
import { Page } from "../../../parts/Page";
import { Trouble } from "../../../parts/Trouble";
import { useChange } from "../../../parts/useChange";
import { userSchema } from "../../../values/schema";
import { ValuesEditor } from "../../../values/ValuesEditor";
import { type Draft, emptyDraft, read, type Read, withoutChart } from "./draft";
import { JsonField } from "./JsonField";
import { SourceFields } from "./SourceFields";

const SHOWN = ["/version_label", "/chart_ref", "/chart_version", "/chart_digest", "/docker_image_url", "/health_timeout_sec", "/values_schema_json", "/default_values_json", "/capabilities_json"];

export function Publish() {
  const { productId } = useParams({ from: "/signed-in/admin/products/$productId/publish" });
  const { data: product } = useQuery(productQuery(productId));
  const navigate = useNavigate();
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const found = useMemo(() => read(draft), [draft]);
  const change = (next: Partial<Draft>) => setDraft((now) => ({ ...now, ...next }));
  const key = useMemo(freshKey, [found]);
  const publish = useChange(
    () => ask(api.POST("/api/v1/products/{product_id}/templates", { params: { path: { product_id: productId } }, headers: { "Idempotency-Key": key }, body: found.body })),
    { keys: [["products"]], said: "Published.", shown: true, then: () => void navigate({ to: "/admin/products/$productId", params: { productId } }) },
  );
  const at = (pointer: string) => (publish.error ? problemOf(publish.error).errors.filter((each) => each.pointer.startsWith(pointer)).map((each) => `${each.pointer.slice(pointer.length)} ${each.message}`.trim()).join(". ") || undefined : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    publish.mutate(undefined);
  };
  return (
    <Page
      wide
      title={`Publish a version of ${product?.name ?? ""}`}
      above={
        <TextLink to="/admin/products/$productId" params={{ productId }} size="sm">
          {product?.name ?? "Product"}
        </TextLink>
      }
      lead="A version never changes once it is published."
    >
      <div className="pair">
        <form onSubmit={submit}>
          <Stack className="surface" p="lg">
            <SegmentedControl
              aria-label="Made of"
              value={draft.source}
              onChange={(source) => setDraft((now) => ({ ...withoutChart(now), source: source as Draft["source"] }))}
              data={[
                { value: "chart", label: "Registry" },
                { value: "upload", label: "Upload" },
                { value: "image", label: "Only an image" },
              ]}
              style={{ alignSelf: "flex-start" }}
            />
            <SourceFields draft={draft} change={setDraft} at={at} />
            <TextInput label="Shown as" placeholder="1.4 LTS" value={draft.label} onChange={(event) => change({ label: event.currentTarget.value })} error={at("/version_label")} />
            <JsonField label="Schema of the values" description="JSON Schema; what stands under properties.user is what users may set." value={draft.schema} onChange={(schema) => change({ schema })} error={found.wrong.schema ?? at("/values_schema_json")} rows={12} />
            <JsonField label="Default values" value={draft.defaults} onChange={(defaults) => change({ defaults })} error={found.wrong.defaults ?? at("/default_values_json")} />
            <JsonField label="Capabilities" description="For charts that were not written for Slipway; see the documentation." value={draft.capabilities} onChange={(capabilities) => change({ capabilities })} error={found.wrong.capabilities ?? at("/capabilities_json")} />
            <TextInput label="Time to become ready" description="Seconds; empty is 300." inputMode="numeric" value={draft.timeout} onChange={(event) => change({ timeout: event.currentTarget.value })} error={found.wrong.timeout ?? at("/health_timeout_sec")} />
            <Trouble error={publish.error} except={publish.error ? problemOf(publish.error).errors.filter((each) => SHOWN.some((shown) => each.pointer.startsWith(shown))).map((each) => each.pointer) : []} />
            <Group>
              <BusyButton type="submit" busy={publish.isPending} disabled={Object.keys(found.wrong).length > 0 || (draft.source === "upload" && !draft.chart)}>
                Publish
              </BusyButton>
            </Group>
          </Stack>
        </form>
        <FormShown found={found} />
      </div>
    </Page>
  );
}

function FormShown({ found }: { found: Read }) {
  const [values, setValues] = useState<Values>({});
  const schema = userSchema({ values_schema_json: found.body.values_schema_json ?? {}, capabilities_json: found.body.capabilities_json ?? null });
  return (
    <Stack className="surface" p="lg" component="section" aria-labelledby="form-shown">
      <Title order={2} size="h4" id="form-shown">
        The form that users will see
      </Title>
      {found.wrong.schema ? (
        <Text c="dimmed">It shows again as soon as the schema can be read.</Text>
      ) : (
        <ValuesEditor key={JSON.stringify(schema)} schema={schema} values={values} onChange={setValues} />
      )}
    </Stack>
  );
}
