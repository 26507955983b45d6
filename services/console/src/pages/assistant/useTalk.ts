/** Says something in a conversation and holds what is heard until the answer is stored. */
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { freshKey } from "../../api/client";
import { problemOf, worthAnotherTry } from "../../api/problem";
import { type Call, conversationsQuery, type Heard, type Message, messagesQuery, retry, type Say, say } from "../../api/conversations";

/** What is being answered: said with a key, or stored already. */
type Last = { where: string } & ({ said: Say; key: string } | { message: string });

export function useTalk(conversation: string | undefined) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<Message>();
  const [answer, setAnswer] = useState("");
  const [calls, setCalls] = useState<Call[]>([]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [where, setWhere] = useState<string>();
  const last = useRef<Last>(undefined);

  const heard: Heard = {
    onUser: (message) => {
      setAsked(message);
      if (last.current) last.current = { where: last.current.where, message: message.id };
    },
    onDelta: (text) => setAnswer((before) => before + text),
    onTool: (call) => setCalls((before) => [...before.filter((each) => each.id !== call.id), call]),
  };

  /** Whether what was said is stored, or may be sent again as it is. */
  const run = async (asking: Last): Promise<boolean> => {
    let kept = true;
    last.current = asking;
    const { where } = asking;
    setWhere(where);
    setBusy(true);
    setError(undefined);
    setAnswer("");
    setCalls([]);
    try {
      await ("message" in asking ? retry(where, asking.message, heard) : say(where, asking.said, heard, asking.key));
    } catch (problem) {
      setError(problem);
      kept = "message" in last.current || worthAnotherTry(problemOf(problem).status);
    }
    await client.invalidateQueries({ queryKey: messagesQuery(where).queryKey });
    setAsked(undefined);
    setBusy(false);
    for (const queryKey of [conversationsQuery.queryKey, ["tasks"]]) void client.invalidateQueries({ queryKey, exact: true });
    return kept;
  };

  const here = where !== undefined && where === conversation;
  return {
    ...(here ? { asked, answer, calls, error } : { asked: undefined, answer: "", calls: [], error: undefined }),
    busy,
    /** It is this conversation that is being answered, and not another. */
    answering: busy && here,
    say: (said: Say, where = conversation ?? "") => run({ said, where, key: freshKey() }),
    /** A message that is stored is answered again; one that may not be is sent again with the same key. */
    again: () => void (last.current && run(last.current)),
    /** Answers a message that was left without an answer. */
    retry: (message: string, where = conversation ?? "") => void run({ message, where }),
  };
}
