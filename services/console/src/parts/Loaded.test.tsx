import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { Problem } from "../api/problem";
import { show } from "../testing/show";
import { Loaded } from "./Loaded";

test("what could not be read again is shown as it was, with the reason, until it can", async () => {
  let down = false;
  const read = () => (down ? Promise.reject(new Problem({ title: "A needed service is down", status: 503, code: "unavailable" })) : Promise.resolve("ready"));
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const Page = () => <Loaded query={useQuery({ queryKey: ["it"], queryFn: read })}>{(found) => <input aria-label="It" defaultValue={found} />}</Loaded>;
  show(
    <QueryClientProvider client={client}>
      <Page />
    </QueryClientProvider>,
  );
  const field = await screen.findByLabelText("It");
  down = true;
  await act(() => client.invalidateQueries());
  expect((await screen.findByRole("alert")).textContent).toContain("A needed service is down");
  expect(screen.getByLabelText("It")).toBe(field);
  down = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  expect(screen.getByLabelText("It")).toBe(field);
});
