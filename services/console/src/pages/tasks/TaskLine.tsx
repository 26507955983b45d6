/** One task: completed with a tick, changed and deleted in place. */
import { ActionIcon, Checkbox, Group, Text, Textarea, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { changesOf, ifStill } from "../../api/changes";
import { api, ask, type Schemas } from "../../api/client";
import type { Task } from "../../api/tasks";
import { FormDialog } from "../../parts/FormDialog";
import { useChange } from "../../parts/useChange";
import { When } from "../../parts/When";

const KEYS = [["tasks"]];
const change = (task: Task, body: Schemas["TaskUpdate"], headers = {}) =>
  ask(api.PATCH("/api/v1/tasks/{task_id}", { params: { path: { task_id: task.id } }, headers, body }));

export function TaskLine({ task }: { task: Task }) {
  const [editing, dialog] = useDisclosure(false);
  const complete = useChange((done: boolean) => change(task, { is_completed: done }), { keys: KEYS });
  const remove = useChange(() => ask(api.DELETE("/api/v1/tasks/{task_id}", { params: { path: { task_id: task.id } } })), { keys: KEYS, said: "Deleted." });
  return (
    <Group component="li" wrap="nowrap" px="md" py="sm" style={{ borderBottom: "1px solid var(--console-line)" }}>
      <Checkbox
        style={{ flex: 1 }}
        checked={task.is_completed}
        onChange={(event) => complete.mutate(event.currentTarget.checked)}
        label={
          <Text component="span" td={task.is_completed ? "line-through" : undefined} style={{ overflowWrap: "anywhere" }}>
            {task.title}
          </Text>
        }
        description={task.description}
      />
      <Text size="sm" c="dimmed" visibleFrom="xs" component="span">
        <When time={task.updated_at} />
      </Text>
      <ActionIcon variant="subtle" color="gray" onClick={dialog.open} aria-label={`Edit ${task.title}`}>
        <Pencil size={16} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" onClick={() => remove.mutate(undefined)} aria-label={`Delete ${task.title}`}>
        <Trash2 size={16} />
      </ActionIcon>
      {editing && <EditTask task={task} onClose={dialog.close} />}
    </Group>
  );
}

function EditTask({ task: latest, onClose }: { task: Task; onClose: () => void }) {
  const [task] = useState(latest); // as it was when the dialog was opened
  const [title, setTitle] = useState(task.title);
  const [description, setDescription] = useState(task.description ?? "");
  const wanted = { title: title.trim(), description: description.trim() || null };
  const save = useChange(() => change(task, changesOf(task, wanted), ifStill(task.updated_at)), { keys: KEYS, shown: true, then: onClose });
  return (
    <FormDialog title="Edit the task" verb="Save" opened onClose={onClose} change={save} shows={["/title", "/description"]}>
      {(at) => (
        <>
          <TextInput data-autofocus label="Title" required value={title} onChange={(event) => setTitle(event.currentTarget.value)} error={at("/title")} />
          <Textarea label="Description" autosize minRows={3} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={at("/description")} />
        </>
      )}
    </FormDialog>
  );
}
