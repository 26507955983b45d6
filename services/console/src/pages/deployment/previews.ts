/** What a change to a deployment would do. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../../api/client";
import type { Deployment } from "../../api/deployments";

export const changePreviewQuery = (deployment: Deployment, change: Schemas["PreviewChange"]) =>
  queryOptions({
    queryKey: ["deployment", deployment.id, "preview", deployment.generation, change],
    queryFn: () =>
      ask(
        api.POST("/api/v1/deployments/{deployment_id}/preview", {
          params: { path: { deployment_id: deployment.id } },
          body: change,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
