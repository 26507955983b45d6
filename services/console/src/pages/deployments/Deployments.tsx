/** All of one's deployments, live, however many. */
import { Group, Select, TextInput } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Boxes, Search, SearchX } from "lucide-react";
import { useEffect, useRef } from "react";
import { type Deployment, deploymentsQuery } from "../../api/deployments";
import { meQuery, nameOf, usersQuery } from "../../api/users";
import { Empty } from "../../parts/Empty";
import { ButtonLink } from "../../parts/Links";
import { Loaded } from "../../parts/Loaded";
import { Page } from "../../parts/Page";
import { statusLabel } from "../../parts/Status";
import { DeploymentRows } from "./DeploymentRows";
import { type Wanted, wanted } from "./filter";

const STATUSES = ["ready", "provisioning", "upgrading", "error", "suspended", "drifted", "deleting", "deleted"];

export function Deployments() {
  const search = useSearch({ from: "/signed-in/deployments" });
  const deployments = useQuery(deploymentsQuery({ userId: search.user, deleted: search.status === "deleted" || undefined }));
  return (
    <Page title="Deployments" lead={deployments.data && counted(deployments.data.length)} actions={<Filters search={search} />}>
      <Loaded query={deployments} lines={8}>
        {(all) => <Rows all={all} search={search} />}
      </Loaded>
    </Page>
  );
}

function counted(count: number): string {
  return count === 1 ? "1 deployment" : `${count.toLocaleString("en")} deployments`;
}

function Rows({ all, search }: { all: Deployment[]; search: Wanted }) {
  const shown = wanted(all, search);
  if (!all.length && !search.user) {
    return (
      <Empty icon={Boxes} title="Nothing runs yet" action={<ButtonLink to="/">Open the catalogue</ButtonLink>}>
        Pick an application from the catalogue; it shows up here while it is installed.
      </Empty>
    );
  }
  if (!shown.length) {
    return (
      <Empty icon={SearchX} title="No deployment matches">
        Clear the search, or choose another status.
      </Empty>
    );
  }
  return <DeploymentRows rows={shown} />;
}

function Filters({ search }: { search: Wanted }) {
  const navigate = useNavigate();
  const { data: me } = useQuery(meQuery);
  const field = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => field.current?.focus()]]);
  useEffect(() => {
    if (field.current && field.current !== document.activeElement) field.current.value = search.q ?? "";
  }, [search.q]); // what is being typed is ahead of the address
  const change = (next: Wanted) => void navigate({ to: "/deployments", search: { ...search, ...next }, replace: true });
  return (
    <Group gap="xs">
      {me?.is_admin && <Whose me={me.id} user={search.user} onChange={(user) => change({ user })} />}
      <Select
        aria-label="Status"
        placeholder="Any status"
        clearable
        w={150}
        data={STATUSES.map((value) => ({ value, label: statusLabel(value) }))}
        value={search.status ?? null}
        onChange={(status) => change({ status: status ?? undefined })}
      />
      <TextInput
        ref={field}
        type="search"
        aria-label="Search deployments"
        placeholder="Search (press /)"
        leftSection={<Search size={16} aria-hidden />}
        defaultValue={search.q}
        onChange={(event) => change({ q: event.currentTarget.value || undefined })}
      />
    </Group>
  );
}

function Whose({ me, user, onChange }: { me: string; user: string | undefined; onChange: (user: string | undefined) => void }) {
  const { data: users = [] } = useQuery(usersQuery);
  return (
    <Select
      aria-label="Whose deployments"
      searchable
      w={190}
      data={users.map((each) => ({ value: each.id, label: each.id === me ? "Mine" : nameOf(each) }))}
      value={user ?? me}
      allowDeselect={false}
      onChange={(next) => onChange(next && next !== me ? next : undefined)}
    />
  );
}
