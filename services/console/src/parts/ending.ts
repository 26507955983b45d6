/** The end of a long name or id: the part that differs from others. */
export const ending = (name: string): string => `…${name.slice(-8)}`;
