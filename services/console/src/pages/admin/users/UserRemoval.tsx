/** Deletes a user; their live deployments only when that is said. */
import { Checkbox } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../../api/client";
import { nameOf, type User } from "../../../api/users";
import { Confirm } from "../../../parts/Confirm";
import { useChange } from "../../../parts/useChange";

export function UserRemoval({ user, onClose }: { user: User; onClose: () => void }) {
  const [cascade, setCascade] = useState(false);
  const remove = useChange(
    () => ask(api.DELETE("/api/v1/users/{user_id}", { params: { path: { user_id: user.id }, query: { cascade } } })),
    { keys: [["users"]], said: `${nameOf(user)} is deleted.`, shown: true, then: onClose },
  );
  return (
    <Confirm title={`Delete ${nameOf(user)}?`} verb="Delete" danger typed={user.email} opened busy={remove.isPending} error={remove.error} onClose={onClose} onConfirm={() => remove.mutate(undefined)}>
      They cannot sign in any more.
      <Checkbox mt="sm" label="Delete their deployments too" checked={cascade} onChange={(event) => setCascade(event.currentTarget.checked)} />
    </Confirm>
  );
}
