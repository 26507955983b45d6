/** Who may sign in, what they may do, and how much they may have. */
import { Badge, Button, Group, Table, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Plus, Search, SearchX } from "lucide-react";
import { useState } from "react";
import { meQuery, nameOf, type User, usersQuery } from "../../../api/users";
import { ACTIONS, Columns } from "../../../parts/Columns";
import { Empty } from "../../../parts/Empty";
import { ButtonLink } from "../../../parts/Links";
import { Loaded } from "../../../parts/Loaded";
import { Page } from "../../../parts/Page";
import { When } from "../../../parts/When";
import { QuotaDialog } from "./QuotaDialog";
import { UserDialog } from "./UserDialog";
import { UserRemoval } from "./UserRemoval";

type Open = { what: "user" | "quota" | "removal"; user?: User };

export function Users() {
  const users = useQuery(usersQuery);
  const [q, setQ] = useState("");
  const [open, setOpen] = useState<Open>();
  const close = () => setOpen(undefined);
  return (
    <Page
      title="Users"
      actions={
        <>
          <TextInput type="search" aria-label="Search users" placeholder="Search" leftSection={<Search size={16} aria-hidden />} value={q} onChange={(event) => setQ(event.currentTarget.value)} />
          <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setOpen({ what: "user" })}>
            Create a user
          </Button>
        </>
      }
    >
      <Loaded query={users}>{(all) => <UserTable all={all.filter((each) => `${nameOf(each)} ${each.email}`.toLowerCase().includes(q.toLowerCase()))} onOpen={setOpen} />}</Loaded>
      {open?.what === "user" && <UserDialog user={open.user} onClose={close} />}
      {open?.what === "quota" && open.user && <QuotaDialog user={open.user} onClose={close} />}
      {open?.what === "removal" && open.user && <UserRemoval user={open.user} onClose={close} />}
    </Page>
  );
}

function UserTable({ all, onOpen }: { all: User[]; onOpen: (open: Open) => void }) {
  const { data: me } = useQuery(meQuery);
  if (!all.length) return <Empty icon={SearchX} title="Nobody matches">Try another word.</Empty>;
  return (
    <Columns names={["Name", "Role", "Since", ACTIONS]} minWidth={760}>
      {all.map((user) => (
        <Table.Tr key={user.id}>
          <Table.Td>
            <Text fw={600}>{nameOf(user)}</Text>
            {user.display_name && <Text size="sm" c="dimmed">{user.email}</Text>}
          </Table.Td>
          <Table.Td>{user.is_admin ? <Badge color="indigo.8">admin</Badge> : "user"}</Table.Td>
          <Table.Td>
            <When time={user.created_at} />
          </Table.Td>
          <Table.Td>
            <Group gap="xs" justify="flex-end" wrap="nowrap">
              <ButtonLink to="/deployments" search={{ user: user.id }} size="xs" variant="default" aria-label={`Deployments of ${nameOf(user)}`}>
                Deployments
              </ButtonLink>
              <Button size="xs" variant="default" onClick={() => onOpen({ what: "quota", user })} aria-label={`Quota of ${nameOf(user)}`}>
                Quota
              </Button>
              <Button size="xs" variant="default" onClick={() => onOpen({ what: "user", user })} aria-label={`Edit ${nameOf(user)}`}>
                Edit
              </Button>
              <Button size="xs" variant="default" disabled={user.id === me?.id} onClick={() => onOpen({ what: "removal", user })} aria-label={`Delete ${nameOf(user)}`}>
                Delete
              </Button>
            </Group>
          </Table.Td>
        </Table.Tr>
      ))}
    </Columns>
  );
}
