/** How much one user may have. */
import { NumberInput, Progress, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask, type Schemas } from "../../../api/client";
import { nameOf, quotaQuery, type User } from "../../../api/users";
import { FormDialog } from "../../../parts/FormDialog";
import { Loaded } from "../../../parts/Loaded";
import { useChange } from "../../../parts/useChange";

type Own = Schemas["QuotaUpdate"];
const FIELDS = [
  ["deployments", "Deployments", ""],
  ["cpu_milli", "CPU", " thousandths of a core"],
  ["memory_mib", "Memory", " MiB"],
  ["storage_gib", "Storage", " GiB"],
] as const;

export function QuotaDialog({ user, onClose }: { user: User; onClose: () => void }) {
  const quota = useQuery(quotaQuery(user.id));
  const [changed, setChanged] = useState<Own>({});
  const own: Own = { ...quota.data?.own, ...changed };
  const save = useChange(
    () => ask(api.PUT("/api/v1/users/{user_id}/quota", { params: { path: { user_id: user.id } }, body: own })),
    { keys: [["users", user.id, "quota"]], said: "The quota is set.", shown: true, then: onClose },
  );
  return (
    <FormDialog title={`Quota of ${nameOf(user)}`} verb="Save" opened ready={quota.data !== undefined} onClose={onClose} change={save} shows={FIELDS.map(([field]) => `/${field}`)}>
      {(at) => (
        <Loaded query={quota}>
          {(found) =>
            FIELDS.map(([field, label, unit]) => {
              const used = field === "deployments" ? found.deployments : (found.used[field] ?? 0);
              const limit = own[field] ?? found.quota[field] ?? 0;
              return (
                <div key={field}>
                  <NumberInput
                    label={label}
                    description={`Empty is the platform's default. Used: ${used}${unit}.`}
                    placeholder={String(found.quota[field])}
                    min={0}
                    suffix={unit}
                    value={own[field] ?? ""}
                    onChange={(value) => setChanged({ ...changed, [field]: value === "" ? null : Number(value) })}
                    error={at(`/${field}`)}
                  />
                  <Progress mt={6} value={limit ? Math.min(100, (100 * used) / limit) : 0} aria-label={`${label} used`} />
                  {limit > 0 && used > limit && <Text size="sm" className="warn">More is used than this allows; nothing new can be deployed.</Text>}
                </div>
              );
            })
          }
        </Loaded>
      )}
    </FormDialog>
  );
}
