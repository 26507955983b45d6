/** A password: what it is refused for belongs to its field for a screen reader too, and the keyboard reaches the eye. */
import { PasswordInput, type PasswordInputProps } from "@mantine/core";

interface Props extends PasswordInputProps {
  label: string;
}

export function PasswordField({ label, error, ...others }: Props) {
  const eye = { "aria-label": `Show the ${label.toLowerCase()}`, tabIndex: 0 };
  return <PasswordInput label={label} error={error} aria-invalid={error ? true : undefined} visibilityToggleButtonProps={eye} {...others} />;
}
