/** Text as a machine reads it. It can be scrolled with the keyboard. */
interface Props {
  text: string;
  label: string;
  wrap?: boolean;
  /** As long as its text: what it stands in scrolls. */
  tall?: boolean;
}

export function Code({ text, label, wrap, tall }: Props) {
  return (
    <pre className={["surface code", wrap && "code-wrap", tall && "code-tall"].filter(Boolean).join(" ")} tabIndex={0} role="region" aria-label={label}>
      {text}
    </pre>
  );
}
