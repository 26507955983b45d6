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

/** What names the chart of a draft. */
const SOURCE = ["source", "chartRef", "chartVersion", "chartDigest"] as const;

/**
 * The draft with a chart that was read of it as it was `asked`: its label and its own schema, unless others were written
 * already. A draft that names another chart by now stays as it is.
 */
export function withChart(draft: Draft, asked: Draft, chart: Chart): Draft {
  if (SOURCE.some((field) => draft[field] !== asked[field])) return draft;
  const before = withoutChart(draft);
  return {
    ...before,
    chart,
    label: before.label.trim() ? before.label : chart.chart_version,
    schema: (before.schema === emptyDraft.schema && offeredSchema(chart)) || before.schema,
    chartDigest: draft.source === "chart" ? chart.chart_digest : before.chartDigest,
  };
}

/** The draft without the chart that was read, and without all that came of it: another chart has them otherwise. */
export function withoutChart(draft: Draft): Draft {
  const { chart } = draft;
  if (!chart) return draft;
  return {
    ...draft,
    chart: null,
    label: draft.label === chart.chart_version ? emptyDraft.label : draft.label,
    schema: draft.schema === offeredSchema(chart) ? emptyDraft.schema : draft.schema,
    chartDigest: draft.chartDigest === chart.chart_digest ? emptyDraft.chartDigest : draft.chartDigest,
  };
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
