/** Makes a user, or changes one. */
import { Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { changesOf, ifStill } from "../../../api/changes";
import { api, ask } from "../../../api/client";
import type { User } from "../../../api/users";
import { FormDialog } from "../../../parts/FormDialog";
import { PasswordField } from "../../../parts/PasswordField";
import { useChange } from "../../../parts/useChange";

export function UserDialog({ user: latest, onClose }: { user?: User; onClose: () => void }) {
  const [user] = useState(latest); // as it was when the dialog was opened
  const [email, setEmail] = useState(user?.email ?? "");
  const [name, setName] = useState(user?.display_name ?? "");
  const [password, setPassword] = useState("");
  const [admin, setAdmin] = useState(user?.is_admin ?? false);
  const body = { email: email.trim(), display_name: name.trim() || null, is_admin: admin, ...(password ? { password } : {}) };
  const save = useChange(
    () => (user ? ask(api.PATCH("/api/v1/users/{user_id}", { params: { path: { user_id: user.id } }, headers: ifStill(user.updated_at), body: changesOf(user, body) })) : ask(api.POST("/api/v1/users", { body }))),
    { keys: [["users"], ["me"]], said: user ? "Saved." : "The user can sign in now.", shown: true, then: onClose },
  );
  return (
    <FormDialog title={user ? `Edit ${user.email}` : "Create a user"} verb={user ? "Save" : "Create"} opened onClose={onClose} change={save} shows={["/email", "/display_name", "/password", "/is_admin"]}>
      {(at) => (
        <>
          <TextInput data-autofocus label="E-mail address" type="email" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} error={at("/email")} autoComplete="off" />
          <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} error={at("/display_name")} autoComplete="off" />
          <PasswordField label={user ? "New password" : "Password"} description={user ? "Leave it empty to keep the present one." : "Leave it empty for somebody who signs in through single sign-on."} value={password} onChange={(event) => setPassword(event.currentTarget.value)} error={at("/password")} autoComplete="new-password" />
          <Switch label="Admin" description="May publish products, and sees every deployment." checked={admin} onChange={(event) => setAdmin(event.currentTarget.checked)} />
        </>
      )}
    </FormDialog>
  );
}
