/** One live object as the cluster has it, beside the tree that it was picked from. */
import { Alert, Button, CopyButton, Drawer, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Check, Copy, Download, Info } from "lucide-react";
import { stringify } from "yaml";
import { type Deployment, objectQuery } from "../../api/deployments";
import { Code } from "../../parts/Code";
import { Loaded } from "../../parts/Loaded";
import { useFocusBack } from "../../parts/useFocusBack";
import { save } from "./Lines";

interface Props {
  deployment: Deployment;
  /** `Kind/name`. */
  object: string;
  version?: string;
  every: number | false;
  onClose: () => void;
}

export function Manifest({ deployment, object, version, every, onClose }: Props) {
  const [kind = "", name = ""] = object.split(/\/(.*)/s);
  useFocusBack(true);
  const live = useQuery({ ...objectQuery(deployment.id, kind, name, version), refetchInterval: every });
  return (
    <Drawer opened onClose={onClose} position="right" size="xl" title={<><Text span c="dimmed">{kind}</Text> <span className="mono">{name}</span></>}>
      <Loaded query={live} lines={8}>
        {({ manifest, shortened }) => {
          const text = stringify(manifest, { lineWidth: 0 });
          return (
            <Stack>
              {shortened && (
                <Alert icon={<Info aria-hidden />} variant="outline">
                  This object is too large to be shown whole.
                </Alert>
              )}
              <Group justify="space-between">
                <Text size="sm" c="dimmed">
                  {every ? "As it is in the cluster now." : "As it was in the cluster at the last look."} Secrets are hidden.
                </Text>
                <Group gap="xs">
                  <CopyButton value={text}>
                    {({ copied, copy }) => (
                      <Button size="xs" variant="default" onClick={copy} leftSection={copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}>
                        {copied ? "Copied" : "Copy"}
                      </Button>
                    )}
                  </CopyButton>
                  <Button size="xs" variant="default" leftSection={<Download size={14} aria-hidden />} onClick={() => save(text, `${kind}-${name}.yaml`)}>
                    Download
                  </Button>
                </Group>
              </Group>
              <Code text={text} label={`${kind} ${name} as YAML`} tall />
            </Stack>
          );
        }}
      </Loaded>
    </Drawer>
  );
}
