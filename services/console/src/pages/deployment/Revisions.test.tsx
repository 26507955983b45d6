import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { type Deployment, revisionsQuery } from "../../api/deployments";
import { show } from "../../testing/show";
import { Revisions } from "./Revisions";

const revision = (at: number, generation: number) => ({ revision: at, generation, template_id: "t", succeeded: true, user_values_json: {}, created_at: "2030-01-01T00:00:00Z" });

test.each([
  ["is ready with the latest", { status: "ready", applied_generation: 2, generation: 2 }, [1]],
  ["was refused a change before it became a revision", { status: "error", applied_generation: 2, generation: 3 }, [2, 1]],
])("a deployment that %s can go back to %o", (_, now, back) => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, enabled: false } } });
  client.setQueryData(revisionsQuery("d").queryKey, [revision(2, 2), revision(1, 1)] as never);
  show(
    <QueryClientProvider client={client}>
      <Revisions deployment={{ id: "d", template: { product_id: "p" }, ...now } as Deployment} />
    </QueryClientProvider>,
  );
  const offered = screen.queryAllByRole("button", { name: /^Roll back to revision/ }).map((each) => Number(each.getAttribute("aria-label")?.split(" ").at(-1)));
  expect(offered).toEqual(back);
});
