/** Deployments: what is asked, how it is kept, how an event refreshes it. */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { readAgain } from "./again";
import { api, ask, everyPage, type Schemas } from "./client";

export type Deployment = Schemas["DeploymentRead"];
export type Preview = Schemas["PreviewRead"];
export type Values = Record<string, unknown>;

export interface Listed {
  userId?: string;
  deleted?: boolean;
}

/** Its release was made by hand, in a namespace that was there before. */
export const isAdopted = (deployment: Deployment): boolean => deployment.namespace_name !== deployment.deployment_uid;

export const MOVING = new Set(["pending", "provisioning", "upgrading", "deleting"]);
const MANY = 20;

export const deploymentsQuery = (listed: Listed = {}) =>
  queryOptions({
    queryKey: ["deployments", listed],
    queryFn: async ({ client, signal }) => {
      const rows = await everyPage((cursor) =>
        ask(
          api.GET("/api/v1/deployments", {
            params: { query: { cursor, limit: 200, user_id: listed.userId, deleted: listed.deleted } },
            signal,
          }),
        ),
      );
      return rows.map((row) => newest(client, row)).filter((row) => belongs(row, listed));
    },
  });

export const deploymentQuery = (id: string) =>
  queryOptions({
    queryKey: ["deployment", id],
    queryFn: async ({ client }) => newest(client, await ask(api.GET("/api/v1/deployments/{deployment_id}", at(id)))),
  });

export const revisionsQuery = (id: string) =>
  queryOptions({
    queryKey: ["deployment", id, "revisions"],
    queryFn: async () =>
      (await ask(api.GET("/api/v1/deployments/{deployment_id}/revisions", { params: { path: { deployment_id: id }, query: { limit: 200 } } }))).items,
  });

export const resourcesQuery = (id: string) =>
  queryOptions({
    queryKey: ["deployment", id, "resources"],
    queryFn: () => ask(api.GET("/api/v1/deployments/{deployment_id}/resources", at(id))),
  });

/** One live object; `version` tells apart kinds of the same name. */
export const objectQuery = (id: string, kind: string, name: string, version?: string) =>
  queryOptions({
    queryKey: ["deployment", id, "object", version, kind, name],
    queryFn: () =>
      ask(
        api.GET("/api/v1/deployments/{deployment_id}/resources/{kind}/{name}", {
          params: { path: { deployment_id: id, kind, name }, query: { api_version: version } },
        }),
      ),
  });

export const notesQuery = (id: string) =>
  queryOptions({
    queryKey: ["deployment", id, "notes"],
    queryFn: async () => (await ask(api.GET("/api/v1/deployments/{deployment_id}/notes", at(id)))).notes,
  });

const at = (id: string) => ({ params: { path: { deployment_id: id } } });

/** The newer of two answers, which may come in another order than they were given. */
const newer = (held: Deployment, come: Deployment): Deployment => (Date.parse(held.updated_at) > Date.parse(come.updated_at) ? held : come);

const newest = (client: QueryClient, come: Deployment): Deployment => newer(client.getQueryData<Deployment>(["deployment", come.id]) ?? come, come);

const belongs = (row: Deployment, listed: Listed): boolean => row.status !== "deleted" || Boolean(listed.deleted);

/** Put what is known newly of a deployment into every place that shows it. */
export function keepDeployment(client: QueryClient, come: Deployment): void {
  const fresh = newest(client, come);
  client.setQueryData(["deployment", fresh.id], fresh);
  for (const [key, rows] of client.getQueriesData<Deployment[]>({ queryKey: ["deployments"] })) {
    if (!rows) continue;
    const listed = key[1] as Listed;
    if (!rows.some((row) => row.id === fresh.id)) {
      void readAgain(client, { queryKey: key, exact: true });
    } else {
      client.setQueryData(key, rows.map((row) => (row.id === fresh.id ? newer(row, fresh) : row)).filter((row) => belongs(row, listed)));
    }
  }
}

/**
 * Look again at deployments that events were about; many at once are read as a list. One that no page shows is not
 * read: an admin is told of everybody's, and each look at somebody else's is written down.
 */
export async function refreshDeployments(client: QueryClient, events: string[]): Promise<void> {
  const ids = events.filter((id) => isShown(client, id));
  const many = ids.length > MANY;
  await Promise.allSettled([
    ...(many || ids.length < events.length ? [readAgain(client, { queryKey: ["deployments"] })] : []),
    ...(many ? [readAgain(client, { queryKey: ["deployment"] })] : ids.map((id) => refreshDeployment(client, id))),
  ]);
}

async function refreshDeployment(client: QueryClient, id: string): Promise<void> {
  keepDeployment(client, await ask(api.GET("/api/v1/deployments/{deployment_id}", at(id))));
  await readAgain(client, { predicate: (query) => query.queryKey[1] === id && query.queryKey.length > 2 });
}

function isShown(client: QueryClient, id: string): boolean {
  const listed = client.getQueriesData<Deployment[]>({ queryKey: ["deployments"] });
  return client.getQueryState(["deployment", id]) !== undefined || listed.some(([, rows]) => rows?.some((row) => row.id === id));
}
