/** Renders a page of the console at its address. */
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";

interface Shown {
  /** As `app/router.tsx` has it, below what is for signed-in users. */
  path: string;
  address: string;
  page: () => ReactNode;
}

export function showPage({ path, address, page }: Shown) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const root = createRootRoute({ notFoundComponent: () => null });
  const signedIn = createRoute({ getParentRoute: () => root, id: "signed-in" });
  const signIn = createRoute({ getParentRoute: () => root, path: "/sign-in", component: page });
  const shown = createRoute({ getParentRoute: () => signedIn, path, component: page });
  const routeTree = root.addChildren(path === "/sign-in" ? [signIn] : [signedIn.addChildren([shown])]);
  const router = createRouter({ routeTree, history: createMemoryHistory({ initialEntries: [address] }) });
  const { unmount } = render(
    <QueryClientProvider client={client}>
      <MantineProvider env="test">
        <RouterProvider router={router as never} />
      </MantineProvider>
    </QueryClientProvider>,
  );
  return { client, router, unmount };
}
