import { expect, test } from "vitest";
import { freshSuffix, suggestedDomain } from "./suggested";

test("a domain is suggested beside the last one, and none when there is none", () => {
  expect(suggestedDomain("hello", "a2b3", "first.example.org")).toBe("hello-a2b3.example.org");
  expect(suggestedDomain("hello", "a2b3", undefined)).toBe("");
});

test("each form has a suggestion of its own", () => {
  expect(new Set(Array.from({ length: 20 }, freshSuffix)).size).toBeGreaterThan(15);
});
