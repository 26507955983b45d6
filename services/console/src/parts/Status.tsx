/** Where a deployment or a job stands: an icon, a word and a colour. */
import { Ban, CircleCheck, CircleDashed, CirclePause, CircleX, LoaderCircle, type LucideIcon, Trash2, TriangleAlert } from "lucide-react";

type Look = [label: string, tone: "good" | "bad" | "busy" | "warn" | "still", icon: LucideIcon];

const LOOKS: Record<string, Look> = {
  pending: ["Waiting", "still", CircleDashed],
  provisioning: ["Installing", "busy", LoaderCircle],
  ready: ["Ready", "good", CircleCheck],
  upgrading: ["Updating", "busy", LoaderCircle],
  error: ["Failed", "bad", CircleX],
  deleting: ["Deleting", "busy", LoaderCircle],
  deleted: ["Deleted", "still", Trash2],
  delayed: ["Delayed", "still", CircleDashed],
  queued: ["Queued", "still", CircleDashed],
  leased: ["Handed out", "busy", LoaderCircle],
  running: ["Running", "busy", LoaderCircle],
  succeeded: ["Succeeded", "good", CircleCheck],
  failed: ["Failed", "bad", CircleX],
  superseded: ["Overtaken", "still", Ban],
  cancelled: ["Cancelled", "still", Ban],
  quarantined: ["Quarantined", "warn", TriangleAlert],
  suspended: ["Suspended", "warn", CirclePause],
  stopped: ["Stopped", "warn", CirclePause],
  drifted: ["Drifted", "warn", TriangleAlert],
  waiting: ["Waiting", "still", CircleDashed],
  skipped: ["Skipped", "still", Ban],
};

export function statusLabel(status: string): string {
  return LOOKS[status]?.[0] ?? status;
}

export function Status({ status, size = 16 }: { status: string; size?: number }) {
  const [label, tone, Icon] = LOOKS[status] ?? [status, "still", CircleDashed];
  return (
    <span className="status" data-status={status}>
      <Icon size={size} className={Icon === LoaderCircle ? `${tone} spin` : tone} aria-hidden />
      {label}
    </span>
  );
}
