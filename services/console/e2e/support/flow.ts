/** What every flow begins with: the backend as an admin, and a page that is signed in. */
import { type Browser, type BrowserContextOptions, expect, type Page, test as base } from "@playwright/test";
import { Backend } from "./backend";

interface Flows {
  /** A page of the admin, signed in. */
  admin: Page;
  /** Opens a page of anybody. */
  as: (who: Backend, options?: BrowserContextOptions) => Promise<Page>;
}

export const test = base.extend<Flows, { backend: Backend }>({
  backend: [
    async ({ playwright }, use) => {
      const http = await playwright.request.newContext({ baseURL: process.env.SLIPWAY_CONSOLE_URL });
      await use(await Backend.signIn(http));
      await http.dispose();
    },
    { scope: "worker" },
  ],
  as: async ({ browser }, use) => {
    const opened: Page[] = [];
    await use(async (who, options) => {
      const page = await signedIn(browser, who, options);
      opened.push(page);
      return page;
    });
    for (const page of opened) await page.context().close();
  },
  admin: async ({ as, backend }, use) => {
    await use(await as(backend));
  },
});

async function signedIn(browser: Browser, who: Backend, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const session = JSON.stringify({ token: who.token, expiresAt: Date.now() + who.expiresIn * 1000 });
  await context.addInitScript((text) => {
    if (!window.sessionStorage.getItem("begun")) window.localStorage.setItem("slipway.session", text);
    window.sessionStorage.setItem("begun", "yes");
  }, session);
  const page = await context.newPage();
  watch(page);
  return page;
}

/** Nothing may go wrong unseen: an error of a page, or something its policy forbids, fails the flow. */
export function watch(page: Page): void {
  page.on("pageerror", (error) => expect.soft(error.message, "an error in the page").toBe(""));
  page.on("console", (message) => {
    const text = message.text();
    if (/Content Security Policy|React|Warning:/.test(text)) expect.soft(text, "a complaint in the console").toBe("");
  });
}

export { expect };
