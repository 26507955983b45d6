/** Orders a release's objects for people: what runs first, its pods below it. */
import type { Schemas } from "../../api/client";

type Resource = Schemas["Resource"];
type Pod = Schemas["Pod"];

export interface Branch {
  kind: string;
  objects: { object: Resource; pods: Pod[] }[];
  /** Pods that no object of this kind is known to own. */
  pods: Pod[];
}

const RUNNING = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];

export function tree(objects: Resource[], pods: Pod[]): Branch[] {
  const left = new Set(pods);
  const branches = new Map<string, Branch>();
  const ordered = objects.toSorted((a, b) => rank(a) - rank(b) || a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));
  for (const object of ordered) {
    const branch = branches.get(object.kind) ?? { kind: object.kind, objects: [], pods: [] };
    branches.set(object.kind, branch);
    const own = RUNNING.includes(object.kind) ? [...left].filter((pod) => isOwn(object.name, pod.name, ordered)) : [];
    for (const pod of own) left.delete(pod);
    branch.objects.push({ object, pods: own });
  }
  const strays = left.size ? [{ kind: "Pods", objects: [], pods: [...left] }] : [];
  return [...branches.values(), ...strays];
}

/** Pods carry their workload's name and a suffix; the longest name that fits is the owner's. */
function isOwn(owner: string, pod: string, objects: Resource[]): boolean {
  const fits = (name: string) => pod.startsWith(`${name}-`);
  if (!fits(owner)) return false;
  return !objects.some((each) => RUNNING.includes(each.kind) && each.name.length > owner.length && fits(each.name));
}

function rank(object: Resource): number {
  const at = RUNNING.indexOf(object.kind);
  return at < 0 ? RUNNING.length : at;
}
