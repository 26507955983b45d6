/** A product's icon: an emoji or an image's address of this origin; else its first letter. */
import { Avatar } from "@mantine/core";

const COLOURS = ["indigo", "teal", "grape", "orange", "cyan", "pink", "lime", "blue"];

export function ProductIcon({ name, icon, size = 44 }: { name: string; icon: string | null | undefined; size?: number }) {
  const colour = COLOURS[[...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % COLOURS.length];
  const image = icon && /^(https:|\/)/.test(icon) ? icon : undefined;
  return (
    <Avatar src={image} alt="" size={size} radius="md" color={colour} variant="light" aria-hidden>
      <span style={{ fontSize: size * 0.5, lineHeight: 1, color: "var(--mantine-color-text)" }}>
        {icon && !image ? icon.slice(0, 8) : name.slice(0, 1).toUpperCase()}
      </span>
    </Avatar>
  );
}
