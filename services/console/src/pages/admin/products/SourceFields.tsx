/** Where a version comes from: a chart in a registry, a chart that is uploaded, or one image for the built-in chart. */
import { FileInput, Group, TextInput } from "@mantine/core";
import { Upload } from "lucide-react";
import { inspectChart, uploadChart } from "../../../api/products";
import { BusyButton } from "../../../parts/BusyButton";
import { Trouble } from "../../../parts/Trouble";
import { useChange } from "../../../parts/useChange";
import { ChartFacts } from "./ChartFacts";
import { type Draft, withChart, withoutChart } from "./draft";

interface Props {
  draft: Draft;
  change: (next: (now: Draft) => Draft) => void;
  at: (pointer: string) => string | undefined;
}

export function SourceFields(props: Props) {
  const { draft, change, at } = props;
  if (draft.source === "image") {
    return <TextInput label="Image" required placeholder="registry.example.org/team/app:1.4" value={draft.image} onChange={({ currentTarget: { value: image } }) => change((now) => ({ ...now, image }))} error={at("/docker_image_url")} spellCheck={false} />;
  }
  return (
    <>
      {draft.source === "upload" ? <Uploaded {...props} /> : <OfRegistry {...props} />}
      {draft.chart && <ChartFacts chart={draft.chart} />}
    </>
  );
}

function Uploaded({ draft, change, at }: Props) {
  const upload = useChange(async (file: File) => ({ asked: draft, chart: await uploadChart(file) }), {
    keys: [], shown: true, then: ({ asked, chart }) => change((now) => withChart(now, asked, chart)),
  });
  const pick = (file: File | null) => {
    upload.reset();
    change(withoutChart);
    if (file) upload.mutate(file);
  };
  return (
    <>
      <FileInput
        label="Chart archive"
        description="A .tgz as `helm package` makes it, at most 20 MiB. It is kept by its digest."
        placeholder="Choose a file"
        required
        clearable
        clearButtonProps={{ "aria-label": "Choose another file" }}
        accept=".tgz,application/gzip"
        leftSection={<Upload size={16} aria-hidden />}
        onChange={pick}
        error={at("/chart_digest")}
        disabled={upload.isPending}
        inputWrapperOrder={["label", "description", "input", "error"]}
      />
      {upload.isPending && <p role="status">Uploading and reading it…</p>}
      <Trouble error={upload.error} />
    </>
  );
}

function OfRegistry({ draft, change, at }: Props) {
  const look = useChange(
    async () => ({
      asked: draft,
      chart: await inspectChart({ chart_ref: draft.chartRef.trim(), chart_version: draft.chartVersion.trim(), chart_digest: draft.chartDigest.trim() || null }),
    }),
    { keys: [], shown: true, then: ({ asked, chart }) => change((now) => withChart(now, asked, chart)) },
  );
  const edit = (next: Partial<Draft>) => change((now) => ({ ...withoutChart(now), ...next }));
  return (
    <>
      <TextInput label="Chart" description="Its OCI reference without a tag, or an https repository and the chart's name." required placeholder="oci://charts.example.org/team/app" value={draft.chartRef} onChange={(event) => edit({ chartRef: event.currentTarget.value })} error={at("/chart_ref")} spellCheck={false} />
      <Group grow align="flex-start">
        <TextInput label="Chart version" required placeholder="1.4.0" value={draft.chartVersion} onChange={(event) => edit({ chartVersion: event.currentTarget.value })} error={at("/chart_version")} spellCheck={false} />
        <TextInput label="Digest" placeholder="looked up when empty" value={draft.chartDigest} onChange={(event) => edit({ chartDigest: event.currentTarget.value })} error={at("/chart_digest")} spellCheck={false} />
      </Group>
      <Group>
        <BusyButton variant="default" size="xs" busy={look.isPending} disabled={!draft.chartRef.trim() || !draft.chartVersion.trim()} onClick={() => look.mutate(undefined)}>
          Read the chart
        </BusyButton>
      </Group>
      <Trouble error={look.error} />
    </>
  );
}
