/** Nothing here yet: what would be here, and how to begin. */
import { Stack, Text, ThemeIcon, Title } from "@mantine/core";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

interface Props {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** It is all there is on the page. */
  alone?: boolean;
}

export function Empty({ icon: Icon, title, children, action, alone }: Props) {
  return (
    <Stack align="center" gap="xs" py={56} px="md" className="surface" ta="center">
      <ThemeIcon size={52} radius="xl" variant="default" aria-hidden>
        <Icon size={26} />
      </ThemeIcon>
      <Title order={alone ? 1 : 2} size="h4">
        {title}
      </Title>
      {children && (
        <Text c="dimmed" maw={460}>
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}
