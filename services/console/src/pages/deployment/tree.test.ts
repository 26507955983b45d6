import { expect, test } from "vitest";
import { tree } from "./tree";

const object = (kind: string, name: string) => ({ api_version: "v1", kind, name, ready: true });
const pod = (name: string) => ({ name, phase: "Running", ready: true });

test("pods stand below the workload whose name they carry, what runs comes first, strays come last", () => {
  const found = tree([object("Service", "web"), object("Deployment", "web"), object("Deployment", "web-admin")], [pod("web-1-a"), pod("web-admin-1-b"), pod("other")]);
  expect(found.map((branch) => branch.kind)).toEqual(["Deployment", "Service", "Pods"]);
  expect(found[0]?.objects.map((each) => [each.object.name, each.pods.map((one) => one.name)])).toEqual([["web", ["web-1-a"]], ["web-admin", ["web-admin-1-b"]]]);
  expect(found[2]?.pods.map((each) => each.name)).toEqual(["other"]);
});
