/** Every address of the console. Pages are loaded when they are first visited. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { readSession } from "../api/session";
import type { AuditSearch } from "../pages/admin/audit/wanted";
import { NotFound, Shell, Stumbled } from "./shell/Shell";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } => ({ next: localPath(search.next) }),
  component: lazyRouteComponent(() => import("../pages/sign-in/SignIn"), "SignIn"),
});

const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  beforeLoad: ({ location }) => {
    if (!readSession()) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
  component: Shell,
});

/** An address of this console only: a link must not lead elsewhere after sign-in. */
function localPath(value: unknown): string | undefined {
  return typeof value === "string" && /^\/(?![/\\])/.test(value) ? value : undefined;
}

const page = <P extends string>(path: P, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => signedIn, path, component });

const platform = [
  page("/admin/products", lazyRouteComponent(() => import("../pages/admin/products/Products"), "Products")),
  page("/admin/products/$productId", lazyRouteComponent(() => import("../pages/admin/products/ProductAdmin"), "ProductAdmin")),
  page("/admin/products/$productId/publish", lazyRouteComponent(() => import("../pages/admin/products/Publish"), "Publish")),
  page("/admin/products/$productId/adopt", lazyRouteComponent(() => import("../pages/admin/products/Adopt"), "Adopt")),
  page("/admin/users", lazyRouteComponent(() => import("../pages/admin/users/Users"), "Users")),
  page("/admin/clusters", lazyRouteComponent(() => import("../pages/admin/clusters/Clusters"), "Clusters")),
  createRoute({
    getParentRoute: () => signedIn,
    path: "/admin/jobs",
    validateSearch: (search: Record<string, unknown>): { status?: string } => ({ status: text(search.status) }),
    component: lazyRouteComponent(() => import("../pages/admin/jobs/Jobs"), "Jobs"),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: "/admin/audit",
    validateSearch: (search: Record<string, unknown>): AuditSearch => ({
      actor: text(search.actor), action: text(search.action), result: text(search.result), since: text(search.since), until: text(search.until),
    }),
    component: lazyRouteComponent(() => import("../pages/admin/audit/Audit"), "Audit"),
  }),
] as const;

/** The page stays while a first message gives it an address: what is being answered is shown on. */
const assistant = page("/assistant", lazyRouteComponent(() => import("../pages/assistant/Assistant"), "Assistant"));

const routes = [
  page("/", lazyRouteComponent(() => import("../pages/catalogue/Catalogue"), "Catalogue")),
  page("/products/$productId", lazyRouteComponent(() => import("../pages/catalogue/ProductPage"), "ProductPage")),
  createRoute({
    getParentRoute: () => signedIn,
    path: "/products/$productId/deploy",
    validateSearch: (search: Record<string, unknown>): { version?: string } => ({ version: text(search.version) }),
    component: lazyRouteComponent(() => import("../pages/deploy/Deploy"), "Deploy"),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: "/deployments",
    validateSearch: (search: Record<string, unknown>): { q?: string; status?: string; user?: string } => ({
      q: text(search.q), status: text(search.status), user: text(search.user),
    }),
    component: lazyRouteComponent(() => import("../pages/deployments/Deployments"), "Deployments"),
  }),
  createRoute({
    getParentRoute: () => signedIn,
    path: "/deployments/$deploymentId",
    validateSearch: (search: Record<string, unknown>): { tab?: string; pod?: string; object?: string } => ({
      tab: text(search.tab), pod: text(search.pod), object: text(search.object),
    }),
    component: lazyRouteComponent(() => import("../pages/deployment/DeploymentPage"), "DeploymentPage"),
  }),
  page("/tasks", lazyRouteComponent(() => import("../pages/tasks/Tasks"), "Tasks")),
  assistant.addChildren([createRoute({ getParentRoute: () => assistant, path: "$conversationId" })]),
  page("/account", lazyRouteComponent(() => import("../pages/account/Account"), "Account")),
  ...platform,
] as const;

function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : undefined;
}

const routeTree = root.addChildren([signIn, signedIn.addChildren(routes)]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultErrorComponent: Stumbled,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
