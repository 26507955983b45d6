import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { showPage } from "../../testing/page";
import { Deploy } from "./Deploy";

/** In its place before the client of the API is made. */
const fetched = vi.hoisted(() => {
  const mocked = vi.fn<(request: Request) => Promise<Response>>();
  vi.stubGlobal("fetch", mocked);
  return mocked;
});

const version = (label: string) => ({ id: label, version_label: label, values_schema_json: {}, capabilities_json: null });

test("a version that becomes current is offered, and what is typed for the one before stays", async () => {
  let current = version("1.0");
  fetched.mockImplementation((request) => {
    const products = request.url.includes("/products/");
    return Promise.resolve(Response.json(products ? { id: "p", name: "Hello", slug: "hello", template: current } : { items: [], next_cursor: null }));
  });
  const { client } = showPage({ path: "/products/$productId/deploy", address: "/products/p/deploy", page: Deploy });
  const domain = () => screen.findByRole<HTMLInputElement>("textbox", { name: /Domain name/ });
  await userEvent.type(await domain(), "shop.example.org");
  current = version("2.0");
  await act(() => client.invalidateQueries({ queryKey: ["products"] }));
  expect((await screen.findByRole("status")).textContent).toContain("Version 2.0 is current by now");
  expect((await domain()).value).toBe("shop.example.org");
  expect(screen.getByText("Version 1.0")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Begin again with 2.0" }));
  expect(screen.getByText("Version 2.0")).toBeTruthy();
  expect(screen.queryByRole("status")).toBeNull();
});
