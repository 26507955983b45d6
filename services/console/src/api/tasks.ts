/** One's own tasks. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, everyPage, type Schemas } from "./client";

export type Task = Schemas["TaskRead"];

export const tasksQuery = queryOptions({
  queryKey: ["tasks"],
  queryFn: () => everyPage((cursor) => ask(api.GET("/api/v1/tasks", { params: { query: { cursor, limit: 200 } } }))),
});
