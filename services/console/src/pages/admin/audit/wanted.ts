/** The filters of the audit page, as its address has them and as the API takes them. */
import type { AuditWanted, EventType } from "../../../api/platform";

export interface AuditSearch {
  actor?: string;
  action?: string;
  result?: string;
  /** Days, as YYYY-MM-DD in the reader's time zone. */
  since?: string;
  until?: string;
}

type NameOf<T> = T extends `dev.slipway.${infer Name}.v1` ? Name : never;

/** Every type of event, and whether somebody can have asked for it: one that the API has and this has not does not compile. */
const ASKED: Record<NameOf<EventType>, boolean> = {
  "deployment.created": true, "deployment.changed": true, "deployment.delete_requested": true,
  "deployment.reconcile_requested": true, "deployment.started": false, "deployment.progressed": false,
  "deployment.ready": false, "deployment.failed": false, "deployment.deleted": false,
  "deployment.cancel_requested": true, "deployment.suspended": true, "deployment.resumed": true,
  "deployment.restart_requested": true, "deployment.test_requested": true, "deployment.tested": false,
  "deployment.drifted": false, "deployment.expires_soon": false, "deployment.secret_changed": true,
  "deployment.given_up": true, "object.read": true, "job.quarantined": false, "job.requeued": true,
  "job.failed": true, "user.created": true, "user.changed": true, "user.deleted": true, "user.signed_in": true,
  "user.signed_out": true, "user.link_made": true, "user.token_created": true, "user.token_deleted": true,
  "product.created": true, "product.changed": true, "product.deleted": true, "template.created": true,
  "chart.uploaded": true, "template.withdrawn": true, "user.quota_changed": true, "rollout.started": true,
  "rollout.finished": true, "cluster.created": true, "cluster.forgotten": true, "registry.created": true,
  "registry.deleted": true, "installation.drift_scan_requested": true, "installation.restored": false,
  "request.refused": true,
};

export const ACTIONS = Object.entries(ASKED).flatMap(([name, asked]) => (asked ? [`dev.slipway.${name}.v1`] : []));

/** Whole days: `until` includes its day. */
export function wantedOf({ action, since, until, ...others }: AuditSearch): AuditWanted {
  return { ...others, action: action as EventType | undefined, since: since && start(since, 0), until: until && start(until, 1) };
}

function start(day: string, later: number): string | undefined {
  const [year, month, date] = day.split("-").map(Number);
  const time = new Date(year ?? 0, (month ?? 1) - 1, (date ?? 1) + later);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
