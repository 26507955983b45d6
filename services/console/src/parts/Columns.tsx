/** A table; on a phone each row is a card, whose lines begin with the names of their columns (see console.css). */
import { Table } from "@mantine/core";
import type { CSSProperties, ReactNode } from "react";

interface Props {
  /** The names of the columns. The first one needs no name on a phone: it says what the row is. */
  names: string[];
  caption?: string;
  /** Narrower than this it scrolls, where it is no phone. */
  minWidth: number;
  /** It stands in a surface already. */
  bare?: boolean;
  children: ReactNode;
}

export const ACTIONS = "Actions";

export function Columns({ names, caption, minWidth, bare, children }: Props) {
  const labels = Object.fromEntries(names.map((name, at) => [`--column-${at + 1}`, `"${name}"`])) as CSSProperties;
  return (
    <Table.ScrollContainer minWidth={minWidth} className={bare ? "columns" : "columns surface"} p={bare ? 0 : "xs"} style={labels}>
      <Table captionSide="top">
        {caption && <Table.Caption>{caption}</Table.Caption>}
        <Table.Thead>
          <Table.Tr>
            {names.map((name) => (
              <Table.Th key={name} ta={name === ACTIONS ? "end" : undefined}>
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
