/** What a chart says of itself, before it is published. */
import { Stack, Text } from "@mantine/core";
import type { Chart } from "../../../api/products";
import { Code } from "../../../parts/Code";
import { toYaml } from "../../../values/ValuesEditor";
import { offeredSchema } from "./draft";

export function ChartFacts({ chart }: { chart: Chart }) {
  const values = chart.values ? toYaml(chart.values) : "";
  return (
    <Stack gap="xs" component="section" aria-label="The chart">
      <Text>
        <strong>
          {chart.name} {chart.chart_version}
        </strong>
        {chart.app_version && ` of ${chart.app_version}`}
        {chart.description && `: ${chart.description}`}
      </Text>
      <Text size="sm" c="dimmed" className="mono">
        {chart.chart_digest}
      </Text>
      <Text size="sm">
        {offeredSchema(chart)
          ? "Its own schema says what users may set; it stands below, and can be changed."
          : "It has no values under “user”: name in the capabilities which of its values users may set (user_values_paths)."}
      </Text>
      {values && <Code text={values} label="The chart's own values" />}
    </Stack>
  );
}
