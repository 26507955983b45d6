/** Renames a conversation, or deletes it with all that was said in it. */
import { Button, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { ifStill } from "../../api/changes";
import { api, ask } from "../../api/client";
import { type Conversation, conversationsQuery } from "../../api/conversations";
import { Confirm } from "../../parts/Confirm";
import { FormDialog } from "../../parts/FormDialog";
import { useChange } from "../../parts/useChange";

const KEYS = [conversationsQuery.queryKey];
const at = ({ id }: Conversation) => ({ path: { conversation_id: id } });

export function ConversationActions({ conversation }: { conversation: Conversation }) {
  const [renaming, name] = useDisclosure(false);
  const [removing, removal] = useDisclosure(false);
  return (
    <>
      <Button variant="default" leftSection={<Pencil size={16} aria-hidden />} onClick={name.open}>
        Rename…
      </Button>
      <Button variant="default" leftSection={<Trash2 size={16} aria-hidden />} onClick={removal.open}>
        Delete…
      </Button>
      {renaming && <Renaming conversation={conversation} onClose={name.close} />}
      <Removal conversation={conversation} opened={removing} onClose={removal.close} />
    </>
  );
}

function Renaming({ conversation: latest, onClose }: { conversation: Conversation; onClose: () => void }) {
  const [conversation] = useState(latest); // as it was when the dialog was opened
  const [title, setTitle] = useState(conversation.title ?? "");
  const save = useChange(
    () => ask(api.PATCH("/api/v1/conversations/{conversation_id}", { params: at(conversation), headers: ifStill(conversation.updated_at), body: { title: title.trim() } })),
    { keys: KEYS, shown: true, then: onClose },
  );
  return (
    <FormDialog title="Rename the conversation" verb="Save" opened onClose={onClose} change={save} shows={["/title"]}>
      {(field) => <TextInput data-autofocus label="Title" required value={title} onChange={(event) => setTitle(event.currentTarget.value)} error={field("/title")} />}
    </FormDialog>
  );
}

function Removal({ conversation, opened, onClose }: { conversation: Conversation; opened: boolean; onClose: () => void }) {
  const navigate = useNavigate();
  const remove = useChange(() => ask(api.DELETE("/api/v1/conversations/{conversation_id}", { params: at(conversation) })), {
    keys: KEYS, said: "The conversation is deleted.", shown: true,
    then: () => void navigate({ to: "/assistant", replace: true }),
  });
  return (
    <Confirm title="Delete this conversation?" verb="Delete" danger opened={opened} busy={remove.isPending} error={remove.error} onClose={onClose} onConfirm={() => remove.mutate(undefined)}>
      All its messages go with it, and what is proposed in it is not carried out. What was done stays done.
    </Confirm>
  );
}
