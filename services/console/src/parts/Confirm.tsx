/** Asks before something that cannot be taken back, with the name typed where that is wanted. */
import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { BusyButton } from "./BusyButton";
import { Trouble } from "./Trouble";
import { useFocusBack } from "./useFocusBack";

interface Props {
  title: string;
  verb: string;
  danger?: boolean;
  /** Has to be typed first. */
  typed?: string;
  opened: boolean;
  busy?: boolean;
  error?: unknown;
  onClose: () => void;
  onConfirm: () => void;
  children: ReactNode;
}

export function Confirm({ title, verb, danger, typed, opened, busy, error, onClose, onConfirm, children }: Props) {
  const [text, setText] = useState("");
  useFocusBack(opened);
  const close = () => {
    if (busy) return; // a refusal would be told to nobody
    setText("");
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!typed || text === typed) onConfirm();
  };
  return (
    <Modal opened={opened} onClose={close} title={title}>
      <form onSubmit={submit}>
        <Stack>
          <Text component="div">{children}</Text>
          {typed && (
            <TextInput
              data-autofocus
              label={<>Type <strong className="mono">{typed}</strong> to confirm</>}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              autoComplete="off"
            />
          )}
          <Trouble error={error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close} disabled={busy}>
              Keep it
            </Button>
            <BusyButton type="submit" color={danger ? "red.9" : undefined} disabled={Boolean(typed) && text !== typed} busy={busy}>
              {verb}
            </BusyButton>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
