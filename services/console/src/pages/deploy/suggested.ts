/** A domain that is likely what one wants: beside the last one, under a name of its own. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

/** Sets a suggestion apart from those before it. */
export const freshSuffix = () => Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => LETTERS[byte % LETTERS.length]).join("");

/** Empty when there is nothing to go by: the first domain is for its owner to choose. */
export function suggestedDomain(slug: string, suffix: string, latest: string | undefined): string {
  const parent = latest?.split(".").slice(1).join(".");
  return parent ? `${slug.slice(0, 40)}-${suffix}.${parent}` : "";
}
