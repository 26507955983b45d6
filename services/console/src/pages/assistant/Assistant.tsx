/** Talking with the assistant: conversations on one side, the one that is open on the other. */
import { NavLink, type NavLinkProps, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createLink, useNavigate, useParams } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { type AnchorHTMLAttributes, forwardRef } from "react";
import { api, ask } from "../../api/client";
import { type Conversation, conversationsQuery } from "../../api/conversations";
import { BusyButton } from "../../parts/BusyButton";
import { Loaded } from "../../parts/Loaded";
import { Page } from "../../parts/Page";
import { ConversationActions } from "./ConversationActions";
import { Talk } from "./Talk";
import "./assistant.css";

type Plain = NavLinkProps & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof NavLinkProps>;
const TalkLink = createLink(forwardRef<HTMLAnchorElement, Plain>((props, ref) => <NavLink component="a" ref={ref} variant="light" {...props} />));

export function Assistant() {
  const { conversationId } = useParams({ strict: false });
  const conversations = useQuery(conversationsQuery);
  const begin = useBegin();
  const open = conversations.data?.find((each) => each.id === conversationId);
  return (
    <Page
      wide
      title="Assistant"
      lead="It acts for you with your rights. What changes something waits for your word."
      actions={open && <ConversationActions key={open.id} conversation={open} />}
    >
      <div className="assistant">
        <nav aria-label="Conversations" className="assistant-list">
          <BusyButton fullWidth variant="default" leftSection={<Plus size={16} aria-hidden />} busy={begin.isPending} onClick={() => begin.mutate()} mb="xs">
            New conversation
          </BusyButton>
          <Loaded query={conversations}>{(all) => <Titles all={all} />}</Loaded>
        </nav>
        <Talk conversation={conversationId} begin={begin} />
      </div>
    </Page>
  );
}

function useBegin() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => ask(api.POST("/api/v1/conversations", { body: {} })),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: conversationsQuery.queryKey, exact: true });
      await navigate({ to: "/assistant/$conversationId", params: { conversationId: made.id } });
    },
  });
}

function Titles({ all }: { all: Conversation[] }) {
  if (!all.length) {
    return (
      <Text size="sm" c="dimmed" p="xs">
        Your conversations are kept here.
      </Text>
    );
  }
  return (
    <Stack gap={2}>
      {all.map((each) => (
        <TalkLink key={each.id} to="/assistant/$conversationId" params={{ conversationId: each.id }} label={each.title || "Untitled"} noWrap activeProps={{ active: true, "aria-current": "page" }} />
      ))}
    </Stack>
  );
}
