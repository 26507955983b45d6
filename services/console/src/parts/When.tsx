/** A time as people say it, with the exact one on hover and focus. */
import { Tooltip } from "@mantine/core";
import { useSyncExternalStore } from "react";

const TICK_MS = 15_000;
const STEPS: [limit: number, unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86_400, "hour", 3600],
  [86_400 * 30, "day", 86_400],
  [86_400 * 365, "month", 86_400 * 30],
  [Number.POSITIVE_INFINITY, "year", 86_400 * 365],
];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

let now = Date.now();
const listeners = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  now = Date.now();
  ticking ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (!listeners.size) {
      clearInterval(ticking);
      ticking = undefined;
    }
  };
}

export function relative(time: string, from: number): string {
  const seconds = (new Date(time).getTime() - from) / 1000;
  if (Math.abs(seconds) < 5) return "just now";
  const [, unit, size] = STEPS.find(([limit]) => Math.abs(seconds) < limit) ?? ["", "year", 86_400 * 365];
  return words.format(Math.trunc(seconds / size), unit as Intl.RelativeTimeFormatUnit);
}

interface Props {
  time: string | null | undefined;
  none?: string;
  /** In a list of thousands: the browser's own tip, and no stop of the keyboard at every row. */
  plain?: boolean;
}

export function When({ time, none = "never", plain }: Props) {
  const from = useSyncExternalStore(subscribe, () => now);
  if (!time) return <span>{none}</span>;
  if (plain) {
    return (
      <time dateTime={time} title={exact.format(new Date(time))}>
        {relative(time, Math.max(from, 0))}
      </time>
    );
  }
  return (
    <Tooltip label={exact.format(new Date(time))}>
      <time dateTime={time} tabIndex={0}>
        {relative(time, Math.max(from, 0))}
      </time>
    </Tooltip>
  );
}
