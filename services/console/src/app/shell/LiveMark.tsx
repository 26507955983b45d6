/** Says so when the page does not hear of changes at the moment. */
import { Text } from "@mantine/core";
import { LoaderCircle, Unplug } from "lucide-react";
import { useFeedState } from "../../api/feed";

export function LiveMark() {
  const state = useFeedState();
  return (
    <Text role="status" size="sm" component="span" className="status warn" data-live={state}>
      {state === "broken" && (
        <>
          <LoaderCircle size={16} className="spin" aria-hidden /> Reconnecting…
        </>
      )}
      {state === "full" && (
        <>
          <Unplug size={16} aria-hidden /> Not live: too many pages are open
        </>
      )}
    </Text>
  );
}
