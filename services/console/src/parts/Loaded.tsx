/** Shows a query's answer, and meanwhile that it is coming or why it is not; above an answer that is old, why there is no newer one. */
import { Box, Skeleton, Stack } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Trouble } from "./Trouble";

interface Props<T> {
  query: UseQueryResult<T>;
  lines?: number;
  children: (data: T) => ReactNode;
}

export function Loaded<T>({ query, lines = 4, children }: Props<T>) {
  const trouble = query.isError && <Trouble error={query.error} retry={() => void query.refetch()} />;
  if (query.data !== undefined) {
    return (
      <>
        {trouble && <Box mb="sm">{trouble}</Box>}
        {children(query.data)}
      </>
    );
  }
  if (trouble) return trouble;
  return (
    <Stack aria-busy="true" aria-label="Loading" role="status" gap="sm">
      {Array.from({ length: lines }, (_, line) => (
        <Skeleton key={line} height={44} />
      ))}
    </Stack>
  );
}
