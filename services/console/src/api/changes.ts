/** What a form changes: fields that nobody touched are not sent, and stay as somebody else may have set them meanwhile. */
export function changesOf<T extends object>(before: { [K in keyof T]?: unknown }, wanted: T): Partial<T> {
  const changed = Object.entries(wanted).filter(([name, value]) => (before[name as keyof T] ?? null) !== value);
  return Object.fromEntries(changed) as Partial<T>;
}

/** Headers that let the change be refused when it is another version by now: an `updated_at`, or a deployment's generation. */
export const ifStill = (version: string | number) => ({ "If-Match": `"${version}"` });
