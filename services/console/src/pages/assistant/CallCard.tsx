/** A call of the assistant: what it did, or what it asks to be allowed. */
import { Button, Collapse, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Ban, ChevronDown, CircleCheck, CircleHelp, CircleX, Clock, type LucideIcon } from "lucide-react";
import type { Call, Say } from "../../api/conversations";
import { Code } from "../../parts/Code";
import { isNode } from "../../values/schema";
import { toYaml } from "../../values/ValuesEditor";

const LOOKS: Record<Call["status"], [text: string, tone: string, icon: LucideIcon]> = {
  done: ["Done", "good", CircleCheck],
  failed: ["Failed", "bad", CircleX],
  proposed: ["Waits for your word", "warn", CircleHelp],
  confirmed: ["You confirmed", "good", CircleCheck],
  declined: ["You declined", "still", Ban],
  expired: ["The proposal ran out", "still", Clock],
};

interface Props {
  call: Call;
  busy: boolean;
  onWord?: (word: Say) => void;
}

export function CallCard({ call, busy, onWord }: Props) {
  const [opened, more] = useDisclosure(false);
  const [text, tone, Icon] = LOOKS[call.status];
  const summary = isNode(call.result) && typeof call.result.summary === "string" ? call.result.summary : undefined;
  return (
    <Stack gap="xs" className="surface assistant-call" data-call={call.status}>
      <UnstyledButton onClick={more.toggle} aria-expanded={opened}>
        <Group gap="xs" wrap="nowrap">
          <Icon size={16} className={tone} aria-hidden />
          <Text size="sm" style={{ flex: 1 }}>
            <strong>{call.name.replaceAll("_", " ")}</strong>: {text}
          </Text>
          <ChevronDown size={16} aria-hidden style={{ transform: opened ? "rotate(180deg)" : undefined }} />
        </Group>
      </UnstyledButton>
      {summary && <Text size="sm">{summary}</Text>}
      {call.error && (
        <Text size="sm" className="bad">
          {call.error}
        </Text>
      )}
      <Collapse expanded={opened}>
        <Stack gap="xs">
          {Object.keys(call.arguments).length > 0 && <Code text={toYaml(call.arguments)} label="What was asked" wrap />}
          {call.result !== undefined && call.result !== null && <Code text={typeof call.result === "string" ? call.result : toYaml(call.result)} label="What came of it" wrap />}
        </Stack>
      </Collapse>
      {call.status === "proposed" && onWord && (
        <Group gap="xs">
          <Button size="xs" disabled={busy} onClick={() => onWord({ confirm: call.id })}>
            Confirm
          </Button>
          <Button size="xs" variant="default" disabled={busy} onClick={() => onWord({ decline: call.id })}>
            Decline
          </Button>
        </Group>
      )}
    </Stack>
  );
}
