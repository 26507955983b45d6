/** One's own account: password and personal tokens. */
import { Group, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask } from "../../api/client";
import { problemOf } from "../../api/problem";
import { meQuery } from "../../api/users";
import { BusyButton } from "../../parts/BusyButton";
import { Page } from "../../parts/Page";
import { PasswordField } from "../../parts/PasswordField";
import { Trouble } from "../../parts/Trouble";
import { useChange } from "../../parts/useChange";
import { Tokens } from "./Tokens";

export function Account() {
  const { data: me } = useQuery(meQuery);
  return (
    <Page title="Account" lead={me?.email}>
      <div className="pair">
        <Tokens />
        <Password />
      </div>
    </Page>
  );
}

function Password() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = useChange(() => ask(api.POST("/api/v1/auth/password", { body: { current_password: current, new_password: next } })), {
    keys: [],
    said: "Your password is changed. Other sign-ins have ended.",
    shown: true,
    then: () => {
      setCurrent("");
      setNext("");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(undefined);
  };
  const at = (pointer: string) => (change.error ? problemOf(change.error).at(pointer) : undefined);
  return (
    <form onSubmit={submit} className="surface" style={{ padding: "var(--mantine-spacing-lg)" }}>
      <Stack>
        <Title order={2} size="h4">
          Change the password
        </Title>
        <PasswordField label="Present password" required autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} error={at("/current_password")} />
        <PasswordField label="New password" required autoComplete="new-password" value={next} onChange={(event) => setNext(event.currentTarget.value)} error={at("/new_password")} />
        <Trouble error={change.error} except={["/current_password", "/new_password"]} />
        <Group>
          <BusyButton type="submit" busy={change.isPending}>
            Change it
          </BusyButton>
        </Group>
      </Stack>
    </form>
  );
}
