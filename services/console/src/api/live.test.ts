import { QueryClient } from "@tanstack/react-query";
import { afterEach, expect, test, vi } from "vitest";
import { refreshDeployments } from "./deployments";
import { tellsOfChange } from "./live";

afterEach(() => vi.unstubAllGlobals());

test("an event about a deployment that no page shows reads the list, not the deployment", async () => {
  const asked = vi.fn(() => Promise.resolve(new Response("{}")));
  vi.stubGlobal("fetch", asked);
  const client = new QueryClient();
  client.setQueryData(["deployments", {}], [{ id: "shown" }]);
  await refreshDeployments(client, ["somebody-elses"]);
  expect(asked).not.toHaveBeenCalled();
  expect(client.getQueryState(["deployments", {}])?.isInvalidated).toBe(true);
});

test("an admin's look is no reason to look again", () => {
  expect(tellsOfChange({ type: "dev.slipway.object.read.v1" })).toBe(false);
  expect(tellsOfChange({ type: "dev.slipway.deployment.ready.v1" })).toBe(true);
});
