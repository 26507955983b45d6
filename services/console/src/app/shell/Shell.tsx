/** The frame around every page of a signed-in user: navigation, account, live state. */
import { AppShell, Burger, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Compass } from "lucide-react";
import { useEffect } from "react";
import { useLiveUpdates } from "../../api/live";
import { useSession, whyEnded } from "../../api/session";
import { Empty } from "../../parts/Empty";
import { TextLink } from "../../parts/Links";
import { Trouble } from "../../parts/Trouble";
import { AccountMenu } from "./AccountMenu";
import { LiveMark } from "./LiveMark";
import { Navigation } from "./Navigation";

export function Shell() {
  const session = useSession();
  const navigate = useNavigate();
  const here = useRouterState({ select: (state) => state.location });
  const [opened, menu] = useDisclosure(false);
  useLiveUpdates();
  const signedIn = session !== null;
  useEffect(() => {
    const next = window.location.pathname + window.location.search;
    if (!signedIn) void navigate({ to: "/sign-in", search: whyEnded() === "left" ? {} : { next }, replace: true });
  }, [signedIn, navigate]);
  useEffect(menu.close, [here.pathname]);
  if (!session) return null;
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 224, breakpoint: "sm", collapsed: { mobile: !opened } }} padding={{ base: "md", md: "xl" }}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label={opened ? "Close the menu" : "Open the menu"} aria-expanded={opened} />
            <Link to="/" className="quiet-link">
              <Group gap={8} wrap="nowrap">
                <img src="/favicon.svg" alt="" width={26} height={26} />
                <Text fw={700} size="lg">
                  Slipway
                </Text>
              </Group>
            </Link>
          </Group>
          <Group gap="sm" wrap="nowrap">
            <LiveMark />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Main">
        <Navigation />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

export function NotFound() {
  return (
    <main className="page" style={{ padding: "var(--mantine-spacing-xl)" }}>
      <Empty alone icon={Compass} title="There is no such page" action={<TextLink to="/">Go to the catalogue</TextLink>}>
        The address may be old, or mistyped.
      </Empty>
    </main>
  );
}

export function Stumbled({ error, reset }: { error: unknown; reset?: () => void }) {
  return <Trouble error={error} retry={reset} />;
}
