/** A version that is being written, and what of it can be read already. */
import type { Chart, NewTemplate } from "../../../api/products";
import { isNode } from "../../../values/schema";

export interface Draft {
  source: "chart" | "upload" | "image";
  /** What was read of the chart, once it was. */
  chart: Chart | null;
  chartRef: string;
  chartVersion: string;
  chartDigest: string;
  image: string;
  label: string;
  schema: string;
  defaults: string;
  capabilities: string;
  timeout: string;
}

export interface Read {
  body: NewTemplate;
  /** What cannot be read, by field of the draft. */
  wrong: Partial<Record<keyof Draft, string>>;
}

const SCHEMA = {
  type: "object",
  properties: {
    user: {
      type: "object",
      additionalProperties: false,
      properties: { replicas: { type: "integer", title: "Replicas", minimum: 1, maximum: 5, default: 1 } },
    },
  },
};

export const emptyDraft: Draft = {
  source: "chart", chart: null, chartRef: "", chartVersion: "", chartDigest: "", image: "", label: "",
  schema: JSON.stringify(SCHEMA, null, 2), defaults: "", capabilities: "", timeout: "",
};

export function read(draft: Draft): Read {
  const wrong: Read["wrong"] = {};
  const json = (field: "schema" | "defaults" | "capabilities") => {
    const found = objectOf(draft[field]);
    if (typeof found === "string") wrong[field] = found;
    return typeof found === "string" ? null : found;
  };
  const timeout = draft.timeout.trim();
  if (timeout && !/^\d+$/.test(timeout)) wrong.timeout = "A whole number of seconds.";
  return {
    body: {
      ...sourceOf(draft),
      version_label: draft.label.trim() || null,
      values_schema_json: json("schema"),
      default_values_json: json("defaults"),
      capabilities_json: json("capabilities"),
      health_timeout_sec: timeout ? Number(timeout) : null,
    },
    wrong,
  };
}

function sourceOf(draft: Draft): Partial<NewTemplate> {
  if (draft.source === "image") return { docker_image_url: draft.image.trim() };
  if (draft.source === "upload") return { chart_digest: draft.chart?.chart_digest ?? null, chart_version: draft.chart?.chart_version ?? null };
  return { chart_ref: draft.chartRef.trim(), chart_version: draft.chartVersion.trim(), chart_digest: draft.chartDigest.trim() || null };
}

/** What a chart that was read changes in the draft: its label, and its own schema unless another was written already. */
export function withChart(draft: Draft, chart: Chart): Partial<Draft> {
  const offered = draft.chart ? offeredSchema(draft.chart) : null;
  const untouched = draft.schema === emptyDraft.schema || draft.schema === offered;
  const label = !draft.label.trim() || draft.label === draft.chart?.chart_version ? chart.chart_version : draft.label;
  const schema = (untouched && offeredSchema(chart)) || draft.schema;
  return { chart, label, schema, ...(draft.source === "chart" ? { chartDigest: chart.chart_digest } : {}) };
}

/** The part of a chart's own schema that is for users; null where it has none. */
export function offeredSchema(chart: Chart): string | null {
  const whole = chart.values_schema;
  const user = whole && isNode(whole.properties) ? whole.properties.user : undefined;
  if (!whole || !isNode(user)) return null;
  const definitions = Object.fromEntries(Object.entries(whole).filter(([key]) => key === "$defs" || key === "definitions"));
  return JSON.stringify({ type: "object", ...definitions, properties: { user } }, null, 2);
}

function objectOf(text: string): Record<string, unknown> | null | string {
  if (!text.trim()) return null;
  try {
    const found: unknown = JSON.parse(text);
    return isNode(found) ? found : "This is a JSON object: it begins with { and ends with }.";
  } catch (error) {
    return error instanceof Error ? error.message : "This is not JSON.";
  }
}
