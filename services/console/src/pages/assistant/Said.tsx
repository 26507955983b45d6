/** One message, with the calls that the assistant made for it. */
import { Stack, Text } from "@mantine/core";
import type { Message, Say } from "../../api/conversations";
import { When } from "../../parts/When";
import { CallCard } from "./CallCard";

interface Props {
  message: Message;
  busy: boolean;
  onWord: (word: Say) => void;
}

export function Said({ message, busy, onWord }: Props) {
  const own = message.role === "user";
  return (
    <Stack gap={6} component="article" className={own ? "assistant-own" : undefined} aria-label={own ? "You" : "Assistant"} data-role={message.role}>
      {message.tool_calls?.calls.map((call) => (
        <CallCard key={call.id} call={call} busy={busy} onWord={onWord} />
      ))}
      {message.content && <Text className="assistant-text">{message.content}</Text>}
      <Text size="xs" c="dimmed" component="span">
        <When time={message.created_at} />
      </Text>
    </Stack>
  );
}
