/** Answers that arrive piece by piece, with the token that EventSource could not send. */
import { freshSession, refusal } from "./renewal";

export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

export async function openStream(path: string, init: RequestInit = {}): Promise<ReadableStream<string>> {
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${(await freshSession())?.token ?? ""}`);
  const response = await fetch(path, { ...init, headers });
  if (!response.ok || !response.body) throw await refusal(headers, response);
  return response.body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array<ArrayBuffer>>);
}

/** The events of a text/event-stream. `onPiece` hears of every sign of life, also of one that is no event. */
export async function* serverEvents(stream: ReadableStream<string>, onPiece?: () => void): AsyncGenerator<ServerEvent> {
  let rest = "";
  for await (const text of pieces(stream)) {
    onPiece?.();
    rest += text;
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const found = parse(block);
      if (found) yield found;
    }
  }
}

function parse(block: string): ServerEvent | null {
  const event: ServerEvent = { id: "", event: "message", data: "" };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const at = line.indexOf(":");
    const name = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    if (name === "id") event.id = value;
    if (name === "event") event.event = value;
  }
  return data.length ? { ...event, data: data.join("\n") } : null;
}

/** The pieces of a stream; leaving the loop ends the request. */
export async function* pieces(stream: ReadableStream<string>): AsyncGenerator<string> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
