/** An event of the feed as a sentence. */
import type { FeedEvent } from "../../api/feed";

export interface Said {
  title: string;
  tone: "good" | "bad" | "busy" | "warn" | "still";
  detail?: string;
}

const TITLES: Record<string, [title: string, tone: Said["tone"]]> = {
  "deployment.created": ["Asked for", "still"],
  "deployment.changed": ["Changed", "still"],
  "deployment.delete_requested": ["Asked to be deleted", "warn"],
  "deployment.reconcile_requested": ["Asked to compare and correct", "still"],
  "deployment.started": ["An executor began", "busy"],
  "deployment.progressed": ["Applied; waiting until every object is ready", "busy"],
  "deployment.ready": ["Ready", "good"],
  "deployment.failed": ["Failed", "bad"],
  "deployment.deleted": ["Deleted", "still"],
  "deployment.cancel_requested": ["Asked to cancel", "warn"],
  "deployment.suspended": ["Suspended", "warn"],
  "deployment.resumed": ["Resumed", "still"],
  "deployment.restart_requested": ["Asked to restart", "still"],
  "deployment.test_requested": ["Asked to run the chart's tests", "still"],
  "deployment.tested": ["Tested", "good"],
  "deployment.drifted": ["Live objects were changed by somebody else", "warn"],
  "deployment.expires_soon": ["Expires soon", "warn"],
  "deployment.secret_changed": ["A secret was changed", "still"],
  "deployment.given_up": ["Given up with its cluster", "warn"],
  "object.read": ["An admin looked inside", "still"],
  "job.quarantined": ["Its job was set aside: executors vanished on it", "bad"],
  "job.requeued": ["An admin queued its job again", "still"],
  "job.failed": ["An admin ended its job", "warn"],
  "request.refused": ["A request was refused", "still"],
};

/** Columns as the pages call what is in them. */
const FIELDS: Record<string, string> = { user_values_json: "values", desired_template_id: "version", domain_name: "domain", user_id: "owner", expires_at: "expiry" };

export function shortType(type: string): string {
  return type.replace(/^dev\.slipway\./, "").replace(/\.v\d+$/, "");
}

export function said(event: FeedEvent): Said {
  const data = event.data as Record<string, unknown>;
  const kind = shortType(event.type);
  const [title, tone] = TITLES[kind] ?? [kind.replaceAll(/[._]/g, " "), "still"];
  if (kind === "deployment.failed") {
    return { title: data.will_retry ? "Failed; tried again by itself" : title, tone, detail: String(data.reason ?? "") };
  }
  if (kind === "deployment.tested" && data.succeeded === false) {
    return { title: "The chart's tests failed", tone: "bad", detail: String(data.reason ?? "") };
  }
  return { title, tone, detail: detail(kind, data) };
}

function detail(kind: string, data: Record<string, unknown>): string | undefined {
  const timings = data.timings_ms as Record<string, number> | undefined;
  if (kind === "deployment.ready" && timings?.total) return `after ${seconds(timings.total)}`;
  const fields = data.fields as string[] | undefined;
  if (fields?.length) return fields.map((each) => FIELDS[each] ?? each.replaceAll("_", " ")).join(", ");
  if (kind === "deployment.started") return `try ${Number(data.attempt ?? 0) + 1}, ${String(data.reason ?? "")}`;
  return data.what ? String(data.what) : data.name ? String(data.name) : undefined;
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
