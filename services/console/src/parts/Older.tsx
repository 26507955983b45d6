/** The way to the next page of a long list. */
import { Center } from "@mantine/core";
import { BusyButton } from "./BusyButton";

interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

export function Older({ query }: { query: Paged }) {
  if (!query.hasNextPage) return null;
  return (
    <Center>
      <BusyButton variant="default" busy={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
        Show older ones
      </BusyButton>
    </Center>
  );
}
