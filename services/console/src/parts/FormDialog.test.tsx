import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { show } from "../testing/show";
import { Confirm } from "./Confirm";
import { FormDialog } from "./FormDialog";

const change = (isPending: boolean) => ({ mutate: () => undefined, reset: () => undefined, error: null, isPending });

test.each([
  ["a form", (busy: boolean, onClose: () => void) => <FormDialog title="Edit" verb="Save" opened onClose={onClose} change={change(busy)} shows={[]}>{() => <input aria-label="Name" />}</FormDialog>],
  ["a question", (busy: boolean, onClose: () => void) => <Confirm title="Delete?" verb="Delete" opened busy={busy} onClose={onClose} onConfirm={() => undefined}>Gone.</Confirm>],
])("%s waits for its answer before it is closed, or nobody would hear a refusal", async (_, dialog) => {
  const onClose = vi.fn();
  const { unmount } = show(dialog(true, onClose));
  await userEvent.keyboard("{Escape}");
  expect(screen.getByRole("button", { name: /Cancel|Keep it/ })).toHaveProperty("disabled", true);
  expect(onClose).not.toHaveBeenCalled();
  unmount();
  show(dialog(false, onClose));
  await userEvent.keyboard("{Escape}");
  expect(onClose).toHaveBeenCalledOnce();
});
