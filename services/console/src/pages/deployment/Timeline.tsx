/** Everything that happened to a deployment, newest first, as it happens. */
import { Stack, Text, Timeline } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Circle, CircleCheck, CircleDot, CircleX, type LucideIcon, TriangleAlert } from "lucide-react";
import type { Deployment } from "../../api/deployments";
import type { FeedEvent } from "../../api/feed";
import { latelyQuery, useHistory } from "../../api/history";
import { tellsOfChange } from "../../api/live";
import { Loaded } from "../../parts/Loaded";
import { Older } from "../../parts/Older";
import { Trouble } from "../../parts/Trouble";
import { When } from "../../parts/When";
import { type Said, said } from "./said";

const ICONS: Record<Said["tone"], LucideIcon> = { good: CircleCheck, bad: CircleX, busy: CircleDot, warn: TriangleAlert, still: Circle };
const LATELY = 6;

export function EventTimeline({ deployment }: { deployment: Deployment }) {
  const { lately, older, past, hasOlder } = useHistory(deployment.id);
  return (
    <Loaded query={lately}>
      {({ events }) => (
        <Stack>
          <Shown events={[...events, ...older]} />
          <Trouble error={past.error} />
          <Older query={{ ...past, hasNextPage: hasOlder }} />
        </Stack>
      )}
    </Loaded>
  );
}

export function Recent({ id }: { id: string }) {
  const lately = useQuery(latelyQuery(id));
  return <Loaded query={lately}>{({ events }) => <Shown events={events.filter(tellsOfChange).slice(0, LATELY)} />}</Loaded>;
}

function Shown({ events }: { events: FeedEvent[] }) {
  return (
    <Timeline bulletSize={26} lineWidth={2} active={-1} component="ol" style={{ listStyle: "none", margin: 0 }} styles={{ itemTitle: { lineHeight: 1.3 } }}>
      {events.map((event) => {
        const { title, tone, detail } = said(event);
        const Icon = ICONS[tone];
        return (
          <Timeline.Item key={event.id} component="li" title={title} bullet={<Icon size={15} className={tone} aria-hidden />} data-event={event.type}>
            {detail && (
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                {detail}
              </Text>
            )}
            <Text size="sm" c="dimmed" component="span">
              <When time={event.time} />
            </Text>
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}
