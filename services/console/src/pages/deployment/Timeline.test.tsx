import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { latelyQuery } from "../../api/history";
import { show } from "../../testing/show";
import { Recent } from "./Timeline";

const event = (id: number, kind: string) => ({ id: String(id), type: `dev.slipway.${kind}.v1`, time: "2030-01-01T00:00:00Z", data: {} });

test("looks of admins do not push aside what happened", () => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  const events = [...Array.from({ length: 8 }, (_, at) => event(at, "object.read")), event(8, "deployment.ready")];
  client.setQueryData(latelyQuery("d").queryKey, { events, older: null } as never);
  show(
    <QueryClientProvider client={client}>
      <Recent id="d" />
    </QueryClientProvider>,
  );
  expect(screen.getAllByRole("listitem").map((each) => each.dataset.event)).toEqual(["dev.slipway.deployment.ready.v1"]);
});
