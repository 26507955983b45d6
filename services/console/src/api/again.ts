/** Reads again what pages show, when something happened to it. */
import type { QueryClient, QueryFilters } from "@tanstack/react-query";

/**
 * Resolves when those of `which` that a page shows were read as they are now. What is being read already is not cancelled,
 * or a long list would never be there while much happens; its answer may be from before, so it is read once more.
 */
export async function readAgain(client: QueryClient, which: QueryFilters): Promise<void> {
  const begun = client.getQueryCache().findAll({ ...which, fetchStatus: "fetching" });
  await client.invalidateQueries(which, { cancelRefetch: false });
  if (begun.length) await client.invalidateQueries({ predicate: (query) => begun.includes(query) }, { cancelRefetch: false });
}
