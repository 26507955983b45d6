/** A change to something that a list shows: told when done, and the list is read again. */
import { notifications } from "@mantine/notifications";
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { problemOf } from "../api/problem";

interface Options<T> {
  keys: QueryKey[];
  said?: string;
  then?: (answer: T) => void;
  /** The refusal is shown where the change was asked for, and not as a notification. */
  shown?: boolean;
}

export function useChange<A, T>(call: (asked: A) => Promise<T>, { keys, said, then, shown }: Options<T>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: call,
    onSuccess: async (answer) => {
      await Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })));
      if (said) notifications.show({ message: said });
      then?.(answer);
    },
    onError: (error) => {
      const problem = problemOf(error);
      if (!shown) notifications.show({ color: "red", title: problem.title, message: problem.sentences().join(". ") || problem.detail });
    },
  });
}
