/** A button whose work may be under way: it keeps the keyboard's place, which a disabled one loses, and does nothing twice. */
import { Button, type ButtonProps, Loader } from "@mantine/core";
import type { ButtonHTMLAttributes, MouseEvent } from "react";

interface Props extends ButtonProps, Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof ButtonProps> {
  busy: boolean | undefined;
}

export function BusyButton({ busy, onClick, children, ...others }: Props) {
  const wait = (event: MouseEvent) => event.preventDefault();
  return (
    <Button {...others} onClick={busy ? wait : onClick} aria-busy={busy || undefined} aria-disabled={busy || undefined}>
      {busy && <Loader size={16} color="currentColor" aria-hidden style={{ position: "absolute", insetInlineStart: "calc(50% - 8px)" }} />}
      <span style={{ opacity: busy ? 0 : undefined }}>{children}</span>
    </Button>
  );
}
