/** Two sets of values line by line. */
import { Text } from "@mantine/core";
import { diffLines } from "diff";
import type { Values } from "../../api/deployments";
import { toYaml } from "../../values/ValuesEditor";

export function Compare({ before, after }: { before: Values | null; after: Values | null }) {
  const parts = diffLines(toYaml(before ?? {}), toYaml(after ?? {}));
  if (!parts.some((part) => part.added || part.removed)) return <Text c="dimmed">The values are the same.</Text>;
  const lines = parts.flatMap((part) =>
    part.value
      .replace(/\n$/, "")
      .split("\n")
      .map((text) => ({ text, mark: part.added ? "+" : part.removed ? "-" : " " })),
  );
  return (
    <pre className="surface code" tabIndex={0} role="region" aria-label="Differences in the values">
      {lines.map((line, at) => (
        <span key={`${at}${line.mark}`} className={`diff-line ${line.mark === "+" ? "plus" : line.mark === "-" ? "minus" : ""}`}>
          {line.mark} {line.text}
        </span>
      ))}
    </pre>
  );
}
