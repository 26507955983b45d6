/** The signed-in user, and for admins all users. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, everyPage, type Schemas } from "./client";

export type User = Schemas["UserRead"];

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => ask(api.GET("/api/v1/users/me")),
  staleTime: 60_000,
});

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: () => everyPage((cursor) => ask(api.GET("/api/v1/users", { params: { query: { cursor, limit: 200 } } }))),
});

export const quotaQuery = (user: string) =>
  queryOptions({
    queryKey: ["users", user, "quota"],
    queryFn: () => ask(api.GET("/api/v1/users/{user_id}/quota", { params: { path: { user_id: user } } })),
  });

export const nameOf = (user: Pick<User, "display_name" | "email">): string => user.display_name || user.email;
