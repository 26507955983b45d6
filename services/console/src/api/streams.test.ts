import { expect, test } from "vitest";
import { serverEvents } from "./streams";

async function events(...chunks: string[]) {
  const stream = new ReadableStream<string>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
  const found = [];
  for await (const event of serverEvents(stream)) found.push(event);
  return found;
}

test("events are read whole, however they were cut on the way", async () => {
  expect(await events(": connected\n\nid: 1-4\neve", "nt: ready\ndata: {\"a\":", "1}\n", "\ndata: two\ndata: lines\n\ndata: cut of")).toEqual([
    { id: "1-4", event: "ready", data: '{"a":1}' },
    { id: "", event: "message", data: "two\nlines" },
  ]);
});
