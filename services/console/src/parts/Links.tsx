/** Mantine's looks on the router's links. */
import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import { type AnchorHTMLAttributes, forwardRef } from "react";

type Plain<P> = P & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof P>;

export const TextLink = createLink(
  forwardRef<HTMLAnchorElement, Plain<AnchorProps>>((props, ref) => <Anchor ref={ref} {...props} />),
);

export const ButtonLink = createLink(
  forwardRef<HTMLAnchorElement, Plain<ButtonProps>>((props, ref) => <Button component="a" ref={ref} {...props} />),
);
