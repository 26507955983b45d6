/** Reads a pod's log as a stream, bounded so that a chatty pod does not fill the page's memory. */
import { useEffect, useState } from "react";
import { openStream, pieces } from "../../api/streams";

const MOST_CHARACTERS = 500_000;
const TAIL = 500;

interface Asked {
  deployment: string;
  pod: string;
  container: string | undefined;
  follow: boolean;
  previous: boolean;
}

export function useLog({ deployment, pod, container, follow, previous }: Asked) {
  const [text, setText] = useState("");
  const [error, setError] = useState<unknown>();
  const [state, setState] = useState<"reading" | "ended">("reading");
  const [round, setRound] = useState(0);
  useEffect(() => {
    const ending = new AbortController();
    const query = new URLSearchParams({ tail: String(TAIL), follow: String(follow), previous: String(previous), ...(container ? { container } : {}) });
    const read = async () => {
      const stream = await openStream(`/api/v1/deployments/${deployment}/pods/${encodeURIComponent(pod)}/logs?${query}`, { signal: ending.signal });
      for await (const piece of pieces(stream)) setText((before) => (before + piece).slice(-MOST_CHARACTERS));
    };
    setText("");
    setError(undefined);
    setState("reading");
    read()
      .catch((problem: unknown) => !ending.signal.aborted && setError(problem))
      .finally(() => !ending.signal.aborted && setState("ended"));
    return () => ending.abort();
  }, [deployment, pod, container, follow, previous, round]);
  return { text, error, state, again: () => setRound((before) => before + 1) };
}
