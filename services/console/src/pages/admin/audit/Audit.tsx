/** Who asked for what, and what became of it. */
import { Group, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ScrollText } from "lucide-react";
import { type Audited, auditQuery } from "../../../api/platform";
import { nameOf, usersQuery } from "../../../api/users";
import { Columns } from "../../../parts/Columns";
import { Empty } from "../../../parts/Empty";
import { ending } from "../../../parts/ending";
import { TextLink } from "../../../parts/Links";
import { Loaded } from "../../../parts/Loaded";
import { Older } from "../../../parts/Older";
import { Page } from "../../../parts/Page";
import { When } from "../../../parts/When";
import { shortType } from "../../deployment/said";
import { ACTIONS, type AuditSearch, wantedOf } from "./wanted";

export function Audit() {
  const search = useSearch({ from: "/signed-in/admin/audit" });
  const audit = useInfiniteQuery(auditQuery(wantedOf(search)));
  return (
    <Page wide title="Audit" lead="Every accepted and refused action, with who asked and what they changed.">
      <Filters search={search} />
      <Loaded query={audit}>
        {({ pages }) => {
          const all = pages.flatMap((page) => page.items);
          return all.length ? (
            <Stack>
              <Entries all={all} />
              <Older query={audit} />
            </Stack>
          ) : (
            <Empty icon={ScrollText} title="Nothing was recorded that fits">
              Choose another time, person or action.
            </Empty>
          );
        }}
      </Loaded>
    </Page>
  );
}

function Filters({ search }: { search: AuditSearch }) {
  const navigate = useNavigate();
  const { data: users = [] } = useQuery(usersQuery);
  const change = (next: AuditSearch) => void navigate({ to: "/admin/audit", search: { ...search, ...next }, replace: true });
  return (
    <Group align="flex-end" gap="sm">
      <Select label="Who" placeholder="Anybody" clearable searchable w={220} data={users.map((each) => ({ value: each.id, label: nameOf(each) }))} value={search.actor ?? null} onChange={(actor) => change({ actor: actor ?? undefined })} />
      <Select label="Action" placeholder="Any" clearable searchable w={230} data={ACTIONS.map((value) => ({ value, label: shortType(value).replaceAll(/[._]/g, " ") }))} value={search.action ?? null} onChange={(action) => change({ action: action ?? undefined })} />
      <Select label="Result" placeholder="Any" clearable w={140} data={["accepted", "refused"]} value={search.result ?? null} onChange={(result) => change({ result: result ?? undefined })} />
      <TextInput label="From" type="date" value={search.since ?? ""} onChange={(event) => change({ since: event.currentTarget.value || undefined })} />
      <TextInput label="To" type="date" value={search.until ?? ""} onChange={(event) => change({ until: event.currentTarget.value || undefined })} />
    </Group>
  );
}

function Entries({ all }: { all: Audited[] }) {
  return (
    <Columns names={["When", "Who", "Action", "Of", "Result", "Fields"]} minWidth={820}>
      {all.map((entry) => (
        <Table.Tr key={entry.id}>
          <Table.Td>
            <When time={entry.time} />
          </Table.Td>
          <Table.Td>
            {String(entry.actor.email ?? entry.actor.id ?? "—")}
            <Text size="sm" c="dimmed">
              {[entry.actor.via, entry.actor.address].filter(Boolean).join(", ")}
            </Text>
          </Table.Td>
          <Table.Td>{shortType(entry.action).replaceAll(/[._]/g, " ")}</Table.Td>
          <Table.Td>
            <Subject object={entry.object} />
          </Table.Td>
          <Table.Td>
            <span className={entry.result === "refused" ? "bad" : "good"}>{entry.result}</span>
          </Table.Td>
          <Table.Td className="mono" miw="9rem">{entry.fields.join(", ") || String(entry.detail.code ?? "")}</Table.Td>
        </Table.Tr>
      ))}
    </Columns>
  );
}

function Subject({ object }: { object: string | null }) {
  const [kind, id] = object?.split("/") ?? [];
  if (kind === "deployments" && id) {
    return (
      <TextLink to="/deployments/$deploymentId" params={{ deploymentId: id }} className="mono">
        deployment {ending(id)}
      </TextLink>
    );
  }
  return <span className="mono">{object ? `${kind} ${ending(id ?? "")}` : "—"}</span>;
}
