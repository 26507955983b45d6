/** Conversations with the assistant. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, everyPage, type Schemas } from "./client";
import { openStream, serverEvents } from "./streams";
import { Problem } from "./problem";

export type Conversation = Schemas["ConversationRead"];
export type Message = Schemas["MessageRead"];
export type Call = Schemas["ToolCall"];

export const conversationsQuery = queryOptions({
  queryKey: ["conversations"],
  queryFn: () => everyPage((cursor) => ask(api.GET("/api/v1/conversations", { params: { query: { cursor, limit: 200 } } })), 1000),
});

export const messagesQuery = (conversation: string) =>
  queryOptions({
    queryKey: ["conversations", conversation, "messages"],
    queryFn: () =>
      everyPage((cursor) =>
        ask(api.GET("/api/v1/conversations/{conversation_id}/messages", { params: { path: { conversation_id: conversation }, query: { cursor, limit: 200 } } })),
      ),
    enabled: conversation !== "",
  });

export interface Heard {
  onUser: (message: Message) => void;
  onDelta: (text: string) => void;
  onTool: (call: Call) => void;
}

export type Say = Partial<Schemas["MessageCreate"]>;

/** Say something and hear the answer as it comes; resolves when it is complete. */
export async function say(conversation: string, said: Say, heard: Heard, key: string): Promise<void> {
  const stream = await openStream(`/api/v1/conversations/${conversation}/messages`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream", "Idempotency-Key": key },
    body: JSON.stringify(said),
  });
  await hear(stream, heard);
}

/** Have a message of one's own answered again; what was done for it already is not done twice. */
export async function retry(conversation: string, message: string, heard: Heard): Promise<void> {
  const stream = await openStream(`/api/v1/conversations/${conversation}/messages/${message}/retry`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: "{}",
  });
  await hear(stream, heard);
}

async function hear(stream: ReadableStream<string>, heard: Heard): Promise<void> {
  for await (const event of serverEvents(stream)) {
    const data: unknown = JSON.parse(event.data);
    if (event.event === "user") heard.onUser(data as Message);
    if (event.event === "delta") heard.onDelta((data as { content: string }).content);
    if (event.event === "tool") heard.onTool(data as Call);
    if (event.event === "error") throw new Problem(data as ConstructorParameters<typeof Problem>[0]);
    if (event.event === "done") return;
  }
}
