/** The lines of a log, at their end unless one has scrolled away from it. */
import { useEffect, useRef } from "react";

interface Props {
  text: string;
  /** Only lines with these words are shown. */
  words: string;
  wrap: boolean;
  state: string;
}

export function Lines({ text, words, wrap, state }: Props) {
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  const shown = linesWith(text, words);
  useEffect(() => {
    const element = box.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [shown, wrap]);
  return (
    <pre
      ref={box}
      className={wrap ? "surface code code-wrap" : "surface code"}
      style={{ minHeight: "14rem", height: "55vh", maxHeight: "none" }}
      tabIndex={0}
      role="log"
      aria-label="Log"
      aria-live="off"
      data-state={state}
      onScroll={(event) => {
        const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
        atEnd.current = scrollHeight - scrollTop - clientHeight < 40;
      }}
    >
      {shown || <span className="still">{nothing(text, state)}</span>}
    </pre>
  );
}

function nothing(text: string, state: string): string {
  if (text) return "No line has these words.";
  return state === "reading" ? "…" : "It has not printed anything yet.";
}

/** The lines that have the words, in any case of letters. */
export function linesWith(text: string, words: string): string {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return text;
  return text.split("\n").filter((line) => line.toLowerCase().includes(wanted)).join("\n");
}

/** Hand the browser a file of what was read so far. */
export function save(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}
