/** The filters of the audit page, as its address has them and as the API takes them. */
import type { AuditWanted } from "../../../api/platform";

export interface AuditSearch {
  actor?: string;
  action?: string;
  result?: string;
  /** Days, as YYYY-MM-DD in the reader's time zone. */
  since?: string;
  until?: string;
}

const type = (name: string) => `dev.slipway.${name}.v1`;

export const ACTIONS = [
  "deployment.created", "deployment.changed", "deployment.delete_requested", "deployment.reconcile_requested",
  "deployment.cancel_requested", "deployment.suspended", "deployment.resumed", "deployment.restart_requested",
  "deployment.test_requested", "deployment.secret_changed", "object.read", "job.requeued", "job.failed", "user.created",
  "user.changed", "user.deleted", "user.quota_changed", "product.created", "product.changed", "product.deleted",
  "chart.uploaded", "template.created", "template.withdrawn", "rollout.started", "cluster.created", "cluster.forgotten",
  "registry.created", "registry.deleted", "installation.drift_scan_requested", "request.refused",
].map(type);

/** Whole days: `until` includes its day. */
export function wantedOf({ since, until, ...others }: AuditSearch): AuditWanted {
  return { ...others, since: since && start(since, 0), until: until && start(until, 1) };
}

function start(day: string, later: number): string | undefined {
  const [year, month, date] = day.split("-").map(Number);
  const time = new Date(year ?? 0, (month ?? 1) - 1, (date ?? 1) + later);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
