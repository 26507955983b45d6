/** Which deployments a search shows. */
import type { Deployment } from "../../api/deployments";

export interface Wanted {
  q?: string;
  status?: string;
  user?: string;
}

export function wanted(all: Deployment[], { q, status }: Wanted): Deployment[] {
  const words = q?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
  return all.filter((each) => has(each, status) && words.every((word) => textOf(each).includes(word)));
}

function has(deployment: Deployment, status: string | undefined): boolean {
  if (!status) return true;
  if (status === "suspended") return deployment.suspended;
  if (status === "drifted") return deployment.drifted;
  return deployment.status === status;
}

function textOf(deployment: Deployment): string {
  const { domain_name: domain, deployment_uid: uid, template } = deployment;
  return `${domain} ${uid} ${template.product?.name ?? ""}`.toLowerCase();
}
