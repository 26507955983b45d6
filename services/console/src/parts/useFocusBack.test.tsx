import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import { useFocusBack } from "./useFocusBack";

function Dialog({ onClose }: { onClose: () => void }) {
  useFocusBack(true);
  return <button onClick={onClose}>Close</button>;
}

function Page({ vanishes }: { vanishes?: boolean }) {
  const [opened, setOpened] = useState(false);
  return (
    <main id="main" tabIndex={-1}>
      {!(opened && vanishes) && <button onClick={() => setOpened(true)}>Open</button>}
      {opened && <Dialog onClose={() => setOpened(false)} />}
    </main>
  );
}

test("the focus goes back to what opened a dialog, and to the page when that is gone", async () => {
  const { unmount } = render(<Page />);
  await userEvent.click(screen.getByRole("button", { name: "Open" }));
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Open" }));
  unmount();
  render(<Page vanishes />);
  await userEvent.click(screen.getByRole("button", { name: "Open" }));
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(document.activeElement).toBe(screen.getByRole("main"));
});
