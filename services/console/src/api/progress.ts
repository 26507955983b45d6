/** How far the job of a deployment is, as executors tell it at this moment. Nothing is kept of it. */
import { type QueryClient, skipToken, useQuery } from "@tanstack/react-query";
import { type Deployment, MOVING } from "./deployments";

export interface Progress {
  deployment: string;
  job: string;
  generation: number;
  phase: "applying" | "watching";
  ready: number;
  total: number;
}

const key = (id: string) => ["progress", id];

export function keepProgress(client: QueryClient, told: Progress): void {
  client.setQueryData(key(told.deployment), told);
}

/** "2 of 5 objects are ready", while what is wanted now is being brought about; otherwise nothing. */
export function useProgressWords(deployment: Deployment): string | null {
  const told = useQuery<Progress>({ queryKey: key(deployment.id), queryFn: skipToken }).data;
  if (!told || !told.total || told.generation !== deployment.generation || !MOVING.has(deployment.status)) return null;
  return `${told.ready} of ${told.total} objects are ready`;
}
