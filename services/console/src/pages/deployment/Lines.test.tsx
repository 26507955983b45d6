import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { show } from "../../testing/show";
import { Lines, linesWith } from "./Lines";

const LOG = "GET /health 200\nGET /cart 500\nget /cart 200\n";

test("only lines with the words are shown, in any case of letters", () => {
  expect(linesWith(LOG, " /CART ")).toBe("GET /cart 500\nget /cart 200");
  expect(linesWith(LOG, "")).toBe(LOG);
});

test("a log without such a line says so, and not that nothing was printed", () => {
  show(<Lines text={LOG} words="teapot" wrap={false} state="reading" />);
  expect(screen.getByRole("log").textContent).toBe("No line has these words.");
});
