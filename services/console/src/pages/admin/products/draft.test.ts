import { expect, test } from "vitest";
import type { Chart } from "../../../api/products";
import { type Draft, emptyDraft, offeredSchema, read, withChart, withoutChart } from "./draft";

const chart = (version: string) =>
  ({
    name: "hello", chart_version: version, chart_digest: `sha256:${version}`,
    values_schema: { properties: { user: { properties: { [`of ${version}`]: { type: "string" } } } } },
  }) as unknown as Chart;

const named: Draft = { ...emptyDraft, chartRef: "oci://charts.example.org/hello", chartVersion: "1.4.0" };

test("what was read of one version is not published as another", () => {
  const had = withChart(named, named, chart("1.4.0"));
  expect(had).toMatchObject({ chartDigest: "sha256:1.4.0", label: "1.4.0", schema: offeredSchema(chart("1.4.0")) });
  const next: Draft = { ...withoutChart(had), chartVersion: "1.5.0" };
  expect(next).toEqual({ ...named, chartVersion: "1.5.0" });
  expect(read(next).body).toMatchObject({ chart_version: "1.5.0", chart_digest: null, version_label: null });
});

test("an answer about another version than is named by now changes nothing", () => {
  const next: Draft = { ...named, chartVersion: "1.5.0" };
  expect(withChart(next, named, chart("1.4.0"))).toBe(next);
});

test("each chart that is uploaded brings its own label and schema", () => {
  const empty: Draft = { ...emptyDraft, source: "upload" };
  const first = withChart(empty, empty, chart("2.0.0"));
  const second = withChart(withoutChart(first), first, chart("2.1.0"));
  expect(second).toMatchObject({ label: "2.1.0", schema: offeredSchema(chart("2.1.0")), chartDigest: "" });
});

test("what somebody wrote outlives the chart that it was written for", () => {
  const written = { ...withChart(named, named, chart("1.4.0")), label: "1.4 LTS", schema: "{}" };
  expect(withoutChart(written)).toMatchObject({ label: "1.4 LTS", schema: "{}", chartDigest: "" });
  const pinned: Draft = { ...named, chartDigest: "sha256:by hand" };
  expect(withoutChart(pinned)).toBe(pinned);
});
