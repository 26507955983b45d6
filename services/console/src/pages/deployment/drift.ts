/** What a drift report says, as lines. */
import type { Deployment } from "../../api/deployments";

interface Report {
  release?: string | null;
  objects?: { kind: string; name: string; fields?: string[] }[];
}

export function drift(deployment: Deployment): string[] {
  const report = (deployment.drift_json ?? {}) as Report;
  const release = report.release ? [`the release is ${report.release}`] : [];
  const objects = (report.objects ?? []).map((each) => {
    const what = each.fields?.length ? each.fields.join(", ") : "missing";
    return `${each.kind} ${each.name}: ${what}`;
  });
  return [...release, ...objects];
}
