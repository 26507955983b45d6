/** Everything that happened to a deployment, newest first, as it happens. */
import { Text, Timeline } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Circle, CircleCheck, CircleDot, CircleX, type LucideIcon, TriangleAlert } from "lucide-react";
import { type Deployment, eventsQuery } from "../../api/deployments";
import type { FeedEvent } from "../../api/feed";
import { Loaded } from "../../parts/Loaded";
import { When } from "../../parts/When";
import { type Said, said } from "./said";

const ICONS: Record<Said["tone"], LucideIcon> = { good: CircleCheck, bad: CircleX, busy: CircleDot, warn: TriangleAlert, still: Circle };
const LATELY = 6;

export function EventTimeline({ deployment }: { deployment: Deployment }) {
  const events = useQuery(eventsQuery(deployment.id));
  return <Loaded query={events}>{(all) => <Shown events={all} />}</Loaded>;
}

export function Recent({ id }: { id: string }) {
  const events = useQuery(eventsQuery(id));
  return <Loaded query={events}>{(all) => <Shown events={all.slice(-LATELY)} />}</Loaded>;
}

function Shown({ events }: { events: FeedEvent[] }) {
  return (
    <Timeline bulletSize={26} lineWidth={2} active={-1} component="ol" style={{ listStyle: "none", margin: 0 }} styles={{ itemTitle: { lineHeight: 1.3 } }}>
      {events.toReversed().map((event) => {
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
