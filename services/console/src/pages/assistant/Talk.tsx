/** One conversation: what was said, what is being answered, and the field to say more. */
import { ActionIcon, Button, Group, Loader, Stack, Text, Textarea } from "@mantine/core";
import { type UseMutationResult, useQuery } from "@tanstack/react-query";
import { SendHorizontal } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type Conversation, type Message, messagesQuery } from "../../api/conversations";
import { Loaded } from "../../parts/Loaded";
import { Trouble } from "../../parts/Trouble";
import { CallCard } from "./CallCard";
import { Said } from "./Said";
import { Suggestions } from "./Suggestions";
import { useTalk } from "./useTalk";

interface Props {
  conversation: string | undefined;
  /** Begins a conversation when there is none yet. */
  begin: Pick<UseMutationResult<Conversation, Error, void>, "mutateAsync" | "error">;
}

export function Talk({ conversation, begin }: Props) {
  const messages = useQuery(messagesQuery(conversation ?? ""));
  const talk = useTalk(conversation);
  const end = useRef<HTMLDivElement>(null);
  const all = messages.data ?? [];
  const unanswered = talk.answering || talk.error ? undefined : withoutAnswer(all);
  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" }); // browsers answer with a promise, which is no way to clean up
  }, [all.length, talk.answer, talk.calls.length]);
  /** Whether the text is on its way, or can be sent again by what is shown then. */
  const send = async (text: string): Promise<boolean> => {
    const where = conversation ?? (await begin.mutateAsync().catch(() => undefined))?.id;
    return where !== undefined && talk.say({ content: text }, where);
  };
  return (
    <section className="surface assistant-talk" aria-label="Conversation">
      <div className="assistant-said" tabIndex={0} role="log" aria-label="Messages">
        {(!conversation || messages.data?.length === 0) && !talk.busy && <Suggestions onPick={(text) => void send(text)} />}
        <Stack gap="lg">
          {conversation && (
            <Loaded query={messages}>
              {(said) => said.map((message) => <Said key={message.id} message={message} onWord={(word) => void talk.say(word)} busy={talk.busy} />)}
            </Loaded>
          )}
          {talk.asked && <Said message={talk.asked} busy onWord={() => undefined} />}
          {talk.answering && (
            <Stack gap="xs" aria-live="polite" data-answering>
              {talk.calls.map((call) => (
                <CallCard key={call.id} call={call} busy />
              ))}
              {talk.answer ? <Text className="assistant-text">{talk.answer}</Text> : <Loader size="sm" type="dots" aria-label="The assistant is thinking" />}
            </Stack>
          )}
          <Trouble error={begin.error} />
          <Trouble error={talk.error} retry={talk.again} />
          {unanswered && (
            <Group gap="sm" role="status">
              <Text c="dimmed">This was not answered.</Text>
              <Button size="xs" variant="default" onClick={() => talk.retry(unanswered.id)}>
                Try again
              </Button>
            </Group>
          )}
        </Stack>
        <div ref={end} />
      </div>
      <Composer busy={talk.busy} onSend={send} />
    </section>
  );
}

/** The last message of the user when nothing, or only calls that were done, came after it. */
function withoutAnswer(all: Message[]): Message | undefined {
  const latest = all.at(-1);
  if (latest?.role !== "assistant") return latest;
  const broke = !latest.content && !latest.tool_calls?.calls.some((call) => call.status === "proposed");
  return broke ? all.at(-2) : undefined;
}

/** What `onSend` could not keep comes back into the field, unless something new stands there. */
function Composer({ busy, onSend }: { busy: boolean; onSend: (text: string) => Promise<boolean> }) {
  const [text, setText] = useState("");
  const send = async () => {
    const said = text.trim();
    if (!said || busy) return;
    setText("");
    if (!(await onSend(said))) setText((now) => now || said);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <form onSubmit={submit} className="assistant-composer">
      <Group wrap="nowrap" align="flex-end">
        <Textarea aria-label="Message" placeholder="Ask, or say what should happen. Enter sends, Shift Enter breaks the line." autosize minRows={1} maxRows={8} autoFocus value={text} onChange={(event) => setText(event.currentTarget.value)} onKeyDown={onKey} style={{ flex: 1 }} />
        <ActionIcon type="submit" size={36} aria-label="Send" loading={busy} disabled={!text.trim()}>
          <SendHorizontal size={18} />
        </ActionIcon>
      </Group>
    </form>
  );
}
