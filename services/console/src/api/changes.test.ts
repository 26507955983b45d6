import { expect, test } from "vitest";
import { changesOf, ifStill } from "./changes";

test("only what differs is sent; nothing and null are the same", () => {
  const before = { email: "a@example.org", display_name: undefined, is_admin: true, icon: null };
  expect(changesOf(before, { email: "a@example.org", display_name: null, is_admin: true, icon: null })).toEqual({});
  expect(changesOf(before, { email: "b@example.org", is_admin: false })).toEqual({ email: "b@example.org", is_admin: false });
  expect(changesOf(before, { password: "given" } as object)).toEqual({ password: "given" });
});

test("a version is named as the API's tag of it", () => {
  expect(ifStill(4)).toEqual({ "If-Match": '"4"' });
});
