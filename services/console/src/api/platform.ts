/** What admins look after: jobs, clusters, registries, the audit trail. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, ask, type Schemas } from "./client";

export type Job = Schemas["DeploymentReconcileJobRead"];
export type JobStatus = Schemas["JobStatus"];
export type Audited = Schemas["AuditRead"];
export type EventType = Schemas["EventType"];
export type Cluster = Schemas["ClusterRead"];
export type Registry = Schemas["RegistryRead"];

export interface AuditWanted {
  actor?: string;
  action?: EventType;
  result?: string;
  since?: string;
  until?: string;
  deployment?: string;
}

const PAGE = 50;
const paged = { initialPageParam: undefined as string | undefined, getNextPageParam: (last: { next_cursor?: string | null }) => last.next_cursor ?? undefined };

export const jobsQuery = (status: JobStatus | undefined) =>
  infiniteQueryOptions({
    queryKey: ["jobs", status],
    queryFn: ({ pageParam }) => ask(api.GET("/api/v1/jobs", { params: { query: { cursor: pageParam, limit: PAGE, status } } })),
    ...paged,
  });

export const auditQuery = (wanted: AuditWanted) =>
  infiniteQueryOptions({
    queryKey: ["audit", wanted],
    queryFn: ({ pageParam }) => {
      const { deployment, ...others } = wanted;
      return ask(api.GET("/api/v1/audit", { params: { query: { ...others, deployment_id: deployment, cursor: pageParam, limit: PAGE } } }));
    },
    ...paged,
  });

export const clustersQuery = queryOptions({
  queryKey: ["clusters"],
  queryFn: async () => (await ask(api.GET("/api/v1/clusters"))).items,
});

export const registriesQuery = queryOptions({
  queryKey: ["registries"],
  queryFn: async () => (await ask(api.GET("/api/v1/registries", { params: { query: { limit: 200 } } }))).items,
});

const LOOK_MS = 2000;

/** Looked at again while one runs: its waves are no events. */
export const rolloutsQuery = (product: string) =>
  queryOptions({
    queryKey: ["rollouts", product],
    queryFn: async () =>
      (await ask(api.GET("/api/v1/products/{product_id}/rollouts", { params: { path: { product_id: product }, query: { limit: 20 } } }))).items,
    refetchInterval: ({ state }) => (state.status === "error" || state.data?.some((each) => each.status === "running") ? LOOK_MS : false),
  });
