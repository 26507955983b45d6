/** What one asks of a deployment, and that its answer is shown at once. */
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../api/client";
import { type Deployment, keepDeployment } from "../../api/deployments";
import { problemOf } from "../../api/problem";

export type Verb = "reconcile" | "cancel" | "suspend" | "resume" | "restart" | "test";

/** A mutation whose answer is the deployment as it is now. `said` is told when it was accepted. */
export function useAsking<T>(call: (asked: T) => Promise<Deployment>, said: string, then?: (fresh: Deployment) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: call,
    onSuccess: (fresh) => {
      keepDeployment(client, fresh);
      notifications.show({ message: said });
      then?.(fresh);
    },
  });
}

export function useVerb(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (verb: Verb) =>
      ask(api.POST(`/api/v1/deployments/{deployment_id}/${verb}`, { params: { path: { deployment_id: id } }, body: {} })),
    onSuccess: (fresh) => keepDeployment(client, fresh),
    onError: (error) => notifications.show({ color: "red", title: problemOf(error).title, message: problemOf(error).message }),
  });
}
