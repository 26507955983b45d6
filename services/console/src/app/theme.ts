import { Alert, createTheme, type CSSVariablesResolver, Drawer, Menu, Modal, NavLink, Select, Table, TableScrollContainer, Tooltip } from "@mantine/core";

/** What opens stands within the landmark of what opens it. */
const HERE = { withinPortal: false };
/** The top of a dialog is no landmark of the page. */
const HEADER = { header: { role: "presentation" } };

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: "md",
  fontFamily: "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  headings: { fontWeight: "650" },
  cursorType: "pointer",
  components: {
    Alert: Alert.extend({ styles: { title: { color: "var(--mantine-color-text)" } } }),
    NavLink: NavLink.extend({ styles: { root: { borderRadius: "var(--mantine-radius-md)" } } }),
    Tooltip: Tooltip.extend({ defaultProps: { withArrow: true, events: { hover: true, focus: true, touch: true } } }),
    Drawer: Drawer.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" }, attributes: HEADER } }),
    // Its placeholder for the focus is no item of a menu.
    Menu: Menu.extend({ defaultProps: { ...HERE, withInitialFocusPlaceholder: false } }),
    Modal: Modal.extend({ defaultProps: { centered: true, closeButtonProps: { "aria-label": "Close" }, attributes: HEADER } }),
    // The list itself scrolls, and not something around it that no key reaches.
    Select: Select.extend({ defaultProps: { comboboxProps: HERE, withScrollArea: false }, styles: { options: { maxHeight: "16rem", overflowY: "auto" } } }),
    TableScrollContainer: TableScrollContainer.extend({ defaultProps: { type: "native" } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: "sm" } }),
  },
});

/** Colours that reach WCAG AA on the console's surfaces. */
export const variables: CSSVariablesResolver = (given) => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": given.colors.gray[7],
    "--mantine-color-anchor": given.colors.indigo[8],
    "--mantine-color-error": given.colors.red[9],
    "--mantine-color-placeholder": given.colors.gray[7],
    "--console-ground": "#f6f7f9",
    "--console-line": given.colors.gray[3],
    "--console-shade": "rgb(0 0 0 / 18%)",
    "--console-good": "#1a7f37",
    "--console-bad": "#c92a2a",
    "--console-busy": given.colors.indigo[8],
    "--console-warn": "#96580a",
  },
  dark: {
    "--mantine-color-dimmed": "#b3b6bd",
    "--mantine-color-anchor": given.colors.indigo[3],
    "--mantine-color-error": given.colors.red[4],
    "--mantine-color-placeholder": "#a3a6ad",
    "--console-ground": "#16171a",
    "--console-line": given.colors.dark[4],
    "--console-shade": "rgb(0 0 0 / 70%)",
    "--console-good": "#56d364",
    "--console-bad": "#ff8787",
    "--console-busy": given.colors.indigo[3],
    "--console-warn": "#f0b95b",
  },
});
