import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook } from "@testing-library/react";
import type { PropsWithChildren } from "react";
import { expect, test } from "vitest";
import type { Deployment } from "./deployments";
import { keepProgress, useProgressWords } from "./progress";

const told = { deployment: "d", job: "j", generation: 2, phase: "watching", ready: 1, total: 3 } as const;

test.each([
  [{ status: "upgrading", generation: 2 }, told, "1 of 3 objects are ready"],
  [{ status: "ready", generation: 2 }, told, null],
  [{ status: "upgrading", generation: 3 }, told, null],
  [{ status: "provisioning", generation: 2 }, { ...told, phase: "applying", ready: 0, total: 0 }, null],
] as const)("of %o, told %o, the words are %s", (now, progress, words) => {
  const client = new QueryClient();
  keepProgress(client, progress);
  const wrapper = ({ children }: PropsWithChildren) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  expect(renderHook(() => useProgressWords({ id: "d", ...now } as Deployment), { wrapper }).result.current).toBe(words);
});
