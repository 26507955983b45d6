/** Gives the focus back when a dialog closes: the component library does so only for dialogs that stay mounted. */
import { useEffect } from "react";

/** Back to what opened it: of a menu, which is gone by then, its button; what has vanished meanwhile, the page. */
export function useFocusBack(opened: boolean): void {
  useEffect(() => {
    if (!opened) return;
    const focused = document.activeElement;
    const menu = focused?.closest("[role=menu]")?.getAttribute("aria-labelledby");
    const opener = menu ? document.getElementById(menu) : focused;
    return () => {
      const back = opener?.isConnected && opener !== document.body ? opener : document.getElementById("main");
      if (back instanceof HTMLElement) back.focus({ preventScroll: true });
    };
  }, [opened]);
}
