import { waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { api, ask } from "./client";
import { problemOf } from "./problem";

test("a look that nobody answers is given up, so that it can be taken again", async () => {
  const over = new AbortController();
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(over.signal);
  const fetched = vi.fn((request: Request) => new Promise<Response>((_, reject) => request.signal.addEventListener("abort", () => reject(new Error("aborted")))));
  const asked = ask(api.GET("/api/v1/users/me", { fetch: fetched })).catch(problemOf);
  await waitFor(() => expect(fetched).toHaveBeenCalled());
  over.abort();
  expect(await asked).toMatchObject({ code: "unreachable" });
});
