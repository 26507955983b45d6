/** A form in a dialog: sends a change, shows each refused field beside it and the rest below. */
import { Button, Group, Modal, Stack } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import { problemOf } from "../api/problem";
import { BusyButton } from "./BusyButton";
import { closing } from "./closing";
import { Trouble } from "./Trouble";
import { useFocusBack } from "./useFocusBack";

interface Props {
  title: string;
  verb: string;
  opened: boolean;
  /** Whether there is something to send yet. */
  ready?: boolean;
  onClose: () => void;
  change: { mutate: (asked: undefined) => void; reset: () => void; error: unknown; isPending: boolean };
  /** Pointers of the fields that show their own message. */
  shows: string[];
  size?: string;
  children: (at: (pointer: string) => string | undefined) => ReactNode;
}

export function FormDialog({ title, verb, opened, ready = true, onClose, change, shows, size, children }: Props) {
  useFocusBack(opened);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(undefined);
  };
  const close = closing(change, onClose);
  const at = (pointer: string) => (change.error ? problemOf(change.error).at(pointer) : undefined);
  return (
    <Modal opened={opened} onClose={close} title={title} size={size}>
      <form onSubmit={submit}>
        <Stack>
          {children(at)}
          <Trouble error={change.error} except={shows} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close} disabled={change.isPending}>
              Cancel
            </Button>
            <BusyButton type="submit" busy={change.isPending} disabled={!ready}>
              {verb}
            </BusyButton>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
