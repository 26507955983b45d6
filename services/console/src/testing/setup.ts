/** What every test has: a wait that a busy machine does not outrun, and what jsdom lacks and the component library asks for. */
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

configure({ asyncUtilTimeout: 60_000 }); // a busy machine is no defect; the runner's own limit is longer

afterEach(cleanup);

window.matchMedia = (query) =>
  ({ matches: false, media: query, addEventListener: vi.fn(), removeEventListener: vi.fn(), addListener: vi.fn(), removeListener: vi.fn(), dispatchEvent: () => false, onchange: null }) as MediaQueryList;

window.scrollTo = () => undefined;

window.ResizeObserver = class {
  observe() {}
  unobserve() {}
  disconnect() {}
};

Object.defineProperty(document, "fonts", { value: new EventTarget() });
