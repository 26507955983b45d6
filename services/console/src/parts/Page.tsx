/** The frame of a page: where one is, what it is called, what one can do. */
import { Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";

interface Props {
  title: string;
  /** Shown in place of the title's text; the title still names the tab. */
  heading?: ReactNode;
  lead?: ReactNode;
  above?: ReactNode;
  actions?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

export function Page({ title, heading, lead, above, actions, wide, children }: Props) {
  useDocumentTitle(`${title} · Slipway`);
  return (
    <Stack className={wide ? "page page-wide" : "page"} gap="lg">
      <Group justify="space-between" align="flex-end" gap="md">
        <Stack gap={4} miw={0}>
          {above}
          <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
            {heading ?? title}
          </Title>
          {lead && (
            <Text c="dimmed" component="div">
              {lead}
            </Text>
          )}
        </Stack>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
