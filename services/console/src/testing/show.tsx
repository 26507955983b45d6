/** Renders a component as the console does. */
import { MantineProvider } from "@mantine/core";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";

export const show = (node: ReactNode) => render(<MantineProvider env="test">{node}</MantineProvider>);
