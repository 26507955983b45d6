import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { Problem } from "../api/problem";
import { show } from "../testing/show";
import { BusyButton } from "./BusyButton";
import { Confirm } from "./Confirm";
import { Status } from "./Status";
import { Trouble } from "./Trouble";
import { relative } from "./When";

const NOW = Date.parse("2030-01-01T12:00:00Z");

test.each([
  ["2030-01-01T11:59:58Z", "just now"],
  ["2030-01-01T11:59:20Z", "40 seconds ago"],
  ["2030-01-01T11:00:00Z", "1 hour ago"],
  ["2029-12-31T12:00:00Z", "yesterday"],
  ["2030-01-02T12:00:00Z", "tomorrow"],
  ["2028-01-01T12:00:00Z", "2 years ago"],
])("%s is %s", (time, words) => {
  expect(relative(time, NOW)).toBe(words);
});

test("a status is a word, not only a colour", () => {
  show(<Status status="error" />);
  expect(screen.getByText("Failed")).toBeTruthy();
});

test("trouble is told in the API's words, without what a field shows itself", () => {
  const errors = [{ pointer: "/name", message: "is required" }, { pointer: "/size", message: "is 1 to 5" }];
  show(<Trouble error={new Problem({ title: "Some values are not valid", status: 422, code: "invalid", errors })} except={["/name"]} />);
  expect(screen.getByRole("alert").textContent).toContain("size is 1 to 5");
  expect(screen.getByRole("alert").textContent).not.toContain("is required");
});

test("what cannot be taken back waits for its name", async () => {
  const onConfirm = vi.fn();
  show(<Confirm title="Delete?" verb="Delete" typed="shop.example.org" opened onClose={() => undefined} onConfirm={onConfirm}>Gone.</Confirm>);
  const verb = screen.getByRole("button", { name: "Delete" });
  await userEvent.type(screen.getByRole("textbox"), "shop.example.orb");
  expect(verb).toHaveProperty("disabled", true);
  await userEvent.type(screen.getByRole("textbox"), "{Backspace}g");
  await userEvent.click(verb);
  expect(onConfirm).toHaveBeenCalledOnce();
});

test("trouble has a plain name where there is one, and says nothing twice", () => {
  show(
    <>
      <Trouble error={new Problem({ title: "Some values are not valid", status: 422, code: "quota_exceeded", detail: "all your CPU is used" })} />
      <Trouble error={new Problem({ title: "Not found", status: 404, code: "not_found", detail: "Not Found" })} />
    </>,
  );
  const [quota, missing] = screen.getAllByRole("alert");
  expect(quota?.textContent).toBe("That is more than your quotaall your CPU is used");
  expect(missing?.textContent).toBe("Not found");
});

test("a button that is at work keeps the keyboard's place and is not pressed twice", async () => {
  const asked = vi.fn();
  function Work() {
    const [busy, setBusy] = useState(false);
    const begin = () => {
      asked();
      setBusy(true);
    };
    return <BusyButton busy={busy} onClick={begin}>Go</BusyButton>;
  }
  show(<Work />);
  const button = screen.getByRole("button", { name: "Go" });
  await userEvent.click(button);
  expect(button.getAttribute("aria-busy")).toBe("true");
  await userEvent.keyboard("{Enter}");
  expect(asked).toHaveBeenCalledTimes(1);
  expect(document.activeElement).toBe(button);
});
