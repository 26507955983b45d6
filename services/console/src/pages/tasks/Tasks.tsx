/** What one wants to do. The assistant sees and changes the same list. */
import { Group, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ClipboardList } from "lucide-react";
import { type FormEvent, useMemo, useState } from "react";
import { api, ask, freshKey } from "../../api/client";
import { problemOf } from "../../api/problem";
import { type Task, tasksQuery } from "../../api/tasks";
import { BusyButton } from "../../parts/BusyButton";
import { Empty } from "../../parts/Empty";
import { Loaded } from "../../parts/Loaded";
import { Page } from "../../parts/Page";
import { useChange } from "../../parts/useChange";
import { TaskLine } from "./TaskLine";

const SHOWN = { open: "Open", done: "Done", all: "All" } as const;
type Shown = keyof typeof SHOWN;

export function Tasks() {
  const tasks = useQuery(tasksQuery);
  const [shown, setShown] = useState<Shown>("open");
  return (
    <Page
      title="Tasks"
      lead="Yours alone; the assistant can add and complete them for you."
      actions={<SegmentedControl aria-label="Which tasks" value={shown} onChange={(next) => setShown(next as Shown)} data={Object.entries(SHOWN).map(([value, label]) => ({ value, label }))} />}
    >
      <AddTask />
      <Loaded query={tasks}>{(all) => <TaskList all={all} shown={shown} />}</Loaded>
    </Page>
  );
}

function TaskList({ all, shown }: { all: Task[]; shown: Shown }) {
  const listed = all.filter((task) => shown === "all" || task.is_completed === (shown === "done"));
  if (!listed.length) {
    return (
      <Empty icon={ClipboardList} title={shown === "done" ? "Nothing is done yet" : "Nothing to do"}>
        {shown === "done" ? "Completed tasks are kept here." : "Write the first one above."}
      </Empty>
    );
  }
  return (
    <Stack component="ul" gap={0} className="surface" style={{ listStyle: "none", margin: 0, padding: 0 }}>
      {listed.map((task) => (
        <TaskLine key={task.id} task={task} />
      ))}
    </Stack>
  );
}

function AddTask() {
  const [title, setTitle] = useState("");
  const key = useMemo(freshKey, [title]);
  const add = useChange(() => ask(api.POST("/api/v1/tasks", { headers: { "Idempotency-Key": key }, body: { title: title.trim() } })), {
    keys: [["tasks"]], shown: true, then: () => setTitle(""),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(undefined);
  };
  const problem = add.error ? problemOf(add.error) : undefined;
  return (
    <form onSubmit={submit}>
      <Group align="flex-start" wrap="nowrap">
        <TextInput aria-label="New task" placeholder="What is there to do?" required value={title} onChange={(event) => setTitle(event.currentTarget.value)} error={problem && (problem.at("/title") ?? problem.message)} style={{ flex: 1 }} />
        <BusyButton type="submit" busy={add.isPending}>
          Add
        </BusyButton>
      </Group>
    </form>
  );
}
