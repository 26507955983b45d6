import { Alert, Button, Center, Divider, Group, Loader, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { LogIn } from "lucide-react";
import { type FormEvent, useEffect, useState } from "react";
import { api, ask } from "../../api/client";
import { endSession, keepSession, readSession, whyEnded } from "../../api/session";
import { problemOf } from "../../api/problem";
import { BusyButton } from "../../parts/BusyButton";
import { PasswordField } from "../../parts/PasswordField";
import { Trouble } from "../../parts/Trouble";
import { takeBrought } from "./code";

export function SignIn() {
  useDocumentTitle("Sign in · Slipway");
  const [{ code, error }, setBrought] = useState(takeBrought);
  useEffect(() => {
    // a link that is opened in the tab of this page loads nothing anew
    const opened = () => {
      const brought = takeBrought();
      if (brought.code || brought.error) setBrought(brought);
    };
    window.addEventListener("hashchange", opened);
    return () => window.removeEventListener("hashchange", opened);
  }, []);
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" radius="lg" w={400} maw="100%">
        <Stack>
          <Group gap="sm">
            <img src="/favicon.svg" alt="" width={36} height={36} />
            <Title order={1} size="h2">
              Sign in to Slipway
            </Title>
          </Group>
          {code ? (
            <ByLink key={code} code={code} />
          ) : (
            <>
              {error && (
                <Alert color="red" variant="outline" title="Single sign-on did not work" role="alert">
                  {error}
                </Alert>
              )}
              <Ways />
            </>
          )}
        </Stack>
      </Paper>
    </Center>
  );
}

type Asked = { email: string; password: string } | { code: string };

/** Asks for a token, keeps it, and goes on to where one wanted to be. */
function useSignIn() {
  const { next } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (asked: Asked) =>
      "code" in asked
        ? ask(api.POST("/api/v1/auth/exchange", { body: { ...asked, cookie: true } }))
        : ask(api.POST("/api/v1/auth/login", { body: { ...asked, cookie: true } })),
    onSuccess: (token) => {
      endSession("left"); // of another user, whose answers are forgotten by it
      keepSession(token.access_token, token.expires_in);
      void navigate({ href: next ?? "/", replace: true });
    },
  });
}

function ByLink({ code }: { code: string }) {
  const signIn = useSignIn();
  const { mutate } = signIn;
  const [wanted, setWanted] = useState(() => readSession() === null);
  useEffect(() => {
    if (wanted) mutate({ code });
  }, [mutate, code, wanted]);
  if (!wanted) return <Replacing onUse={() => setWanted(true)} />;
  if (!signIn.isError) {
    return (
      <Group role="status">
        <Loader size="sm" aria-hidden /> Opening your link…
      </Group>
    );
  }
  return (
    <>
      {problemOf(signIn.error).status === 401 ? (
        <Alert color="yellow" variant="outline" title="This link does not work any more">
          A link signs in once, and only for a short while. Ask for another, or sign in with your password.
        </Alert>
      ) : (
        <Trouble error={signIn.error} retry={() => mutate({ code })} />
      )}
      <Ways />
    </>
  );
}

/** Whoever is signed in here says so before a link, which somebody may have sent them, makes this browser somebody else's. */
function Replacing({ onUse }: { onUse: () => void }) {
  const navigate = useNavigate();
  return (
    <>
      <Alert color="yellow" variant="outline" title="You are signed in here already" role="alert">
        This link signs you out and signs this browser in as the user it was made for. If somebody else sent it to you, that may be
        them, and they see what you do here then.
      </Alert>
      <Group grow>
        <Button variant="default" onClick={onUse}>
          Use the link
        </Button>
        <Button autoFocus onClick={() => void navigate({ to: "/", replace: true })}>
          Stay signed in
        </Button>
      </Group>
    </>
  );
}

/** Every way in that this installation has. */
function Ways() {
  const { data: methods } = useQuery({ queryKey: ["auth", "methods"], queryFn: () => ask(api.GET("/api/v1/auth/methods")) });
  return (
    <>
      <ByPassword />
      {methods?.single_sign_on && (
        <>
          <Divider label="or" />
          <Button component="a" href="/api/v1/auth/oidc/start" variant="default" fullWidth leftSection={<LogIn size={16} aria-hidden />}>
            Sign in at {methods.single_sign_on}
          </Button>
        </>
      )}
    </>
  );
}

function ByPassword() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const login = useSignIn();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate({ email: email.trim(), password });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text c="dimmed">Deploy applications without knowing Kubernetes.</Text>
        {whyEnded() === "expired" && !login.isError && (
          <Alert color="gray" variant="outline" title="Your session ended">
            Sign in again and you are back where you were.
          </Alert>
        )}
        <TextInput label="E-mail address" type="email" autoComplete="username" required autoFocus value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
        <PasswordField label="Password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        <Trouble error={login.error} title={login.error && problemOf(login.error).status === 401 ? "That does not fit" : undefined} />
        <BusyButton type="submit" busy={login.isPending} fullWidth>
          Sign in
        </BusyButton>
      </Stack>
    </form>
  );
}
