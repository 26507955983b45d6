/** What went wrong, in the API's own words, and a way on. */
import { Alert, Button, List } from "@mantine/core";
import { CircleX } from "lucide-react";
import { type Problem, problemOf, worthAnotherTry } from "../api/problem";

/** Refusals whose kind has a plainer name than its status. */
const TITLES: Record<string, string> = { quota_exceeded: "That is more than your quota" };

const tellsMore = ({ title, detail }: Problem) => detail !== "" && detail.toLowerCase() !== title.toLowerCase();

interface Props {
  error: unknown;
  retry?: () => void;
  /** Pointers of fields that show their own message. */
  except?: string[];
  /** In place of the API's word for this kind of refusal. */
  title?: string;
}

export function Trouble({ error, retry, except = [], title }: Props) {
  if (!error) return null;
  const problem = problemOf(error);
  const sentences = problem.sentences(except);
  if (problem.errors.length && !sentences.length) return null;
  return (
    <Alert color="red" variant="outline" title={title ?? TITLES[problem.code] ?? problem.title} icon={<CircleX aria-hidden className="bad" />} role="alert">
      {tellsMore(problem) && (
        <p className="sentence" style={{ margin: 0, display: "block" }}>
          {problem.detail}
        </p>
      )}
      {sentences.length > 0 && (
        <List size="sm">
          {sentences.map((each) => (
            <List.Item key={each}>
              <span className="sentence">{each}</span>
            </List.Item>
          ))}
        </List>
      )}
      {retry && worthAnotherTry(problem.status) && (
        <Button mt="sm" size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}
