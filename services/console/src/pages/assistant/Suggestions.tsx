/** What one might ask first. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { MessagesSquare } from "lucide-react";

const ASK = ["What do I have running?", "Why did my last deployment fail?", "What can I deploy?", "Add a task: look at the quota"];

export function Suggestions({ onPick }: { onPick: (text: string) => void }) {
  return (
    <Stack align="center" py={40} gap="md">
      <MessagesSquare size={32} aria-hidden className="still" />
      <Text c="dimmed" ta="center">
        It looks things up, explains failures, keeps your tasks, and deploys when you confirm.
      </Text>
      <Group justify="center" gap="xs">
        {ASK.map((text) => (
          <Button key={text} variant="default" radius="xl" size="xs" onClick={() => onPick(text)}>
            {text}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}
