/** Who one is, how the console looks, and the way out. */
import { ActionIcon, Avatar, type MantineColorScheme, Menu, Text, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleUser, LogOut, Monitor, Moon, Sun } from "lucide-react";
import { api } from "../../api/client";
import { endSession } from "../../api/session";
import { meQuery, nameOf } from "../../api/users";

const LOOKS = [
  ["light", "Light", Sun],
  ["dark", "Dark", Moon],
  ["auto", "As the system", Monitor],
] as const;

export function AccountMenu() {
  const { data: me } = useQuery(meQuery);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  return (
    <Menu position="bottom-end" width={280}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" radius="xl" size={40} aria-label="Account and looks">
          <Avatar size={34} radius="xl" color="indigo" variant="filled" alt="">
            {me ? nameOf(me).slice(0, 1).toUpperCase() : ""}
          </Avatar>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {me && (
          <Menu.Label>
            <Text size="sm" c="var(--mantine-color-text)" truncate>
              {nameOf(me)}
            </Text>
            <Text size="xs" truncate>
              {me.email}
              {me.is_admin && " · admin"}
            </Text>
          </Menu.Label>
        )}
        <Menu.Divider />
        <Menu.RadioGroup value={colorScheme} onChange={(next) => setColorScheme(next as MantineColorScheme)}>
          {LOOKS.map(([value, label, Icon]) => (
            <Menu.RadioItem key={value} value={value} rightSection={<Icon size={16} aria-hidden />}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<CircleUser size={16} aria-hidden />} onClick={() => void navigate({ to: "/account" })}>
          Account
        </Menu.Item>
        <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The sign-in is over here whatever the API answers; there it ends by itself when it is not heard. */
async function leave(): Promise<void> {
  await api.POST("/api/v1/auth/logout", { body: {} }).catch(() => undefined);
  endSession("left");
}
