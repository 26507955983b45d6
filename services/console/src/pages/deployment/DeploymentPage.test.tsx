import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Deployment } from "../../api/deployments";
import { showPage } from "../../testing/page";
import { Sections } from "./DeploymentPage";

const SCHEMA = { properties: { user: { type: "object", properties: { greeting: { type: "string", title: "Greeting" } } } } };
const DEPLOYMENT = { id: "d", status: "ready", domain_name: "a.example.org", generation: 1, user_values: { greeting: "Hi" }, template: { values_schema_json: SCHEMA } } as unknown as Deployment;

test("edited values outlive a look at another tab", async () => {
  vi.stubGlobal("fetch", () => new Promise(() => undefined));
  const page = () => <Sections deployment={DEPLOYMENT} />;
  showPage({ path: "/deployments/$deploymentId", address: "/deployments/d?tab=values", page });
  const greeting = () => screen.findByLabelText<HTMLInputElement>("Greeting");
  await userEvent.type(await greeting(), " there");
  await userEvent.click(screen.getByRole("tab", { name: "Revisions" }));
  await screen.findByRole("tabpanel", { name: "Revisions" });
  expect(screen.queryByRole("tabpanel", { name: "Values" })).toBeNull();
  await userEvent.click(screen.getByRole("tab", { name: "Values" }));
  await screen.findByRole("tabpanel", { name: "Values" });
  expect((await greeting()).value).toBe("Hi there");
});
