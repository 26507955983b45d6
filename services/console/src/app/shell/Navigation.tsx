/** The pages one can go to; those of the platform for admins only. */
import { NavLink, type NavLinkProps, ScrollArea, Text } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { Boxes, ClipboardList, ListChecks, type LucideIcon, MessagesSquare, Package, PackageOpen, ScrollText, Server, Users } from "lucide-react";
import { type AnchorHTMLAttributes, forwardRef } from "react";
import { meQuery } from "../../api/users";

type Plain = NavLinkProps & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof NavLinkProps>;
const PageLink = createLink(
  forwardRef<HTMLAnchorElement, Plain>((props, ref) => <NavLink component="a" ref={ref} variant="light" {...props} />),
);

const icon = (Icon: LucideIcon) => <Icon size={18} aria-hidden />;
const ACTIVE = { active: true, "aria-current": "page" } as const;

export function Navigation() {
  const { data: me } = useQuery(meQuery);
  return (
    <ScrollArea>
      <PageLink to="/" label="Catalogue" leftSection={icon(PackageOpen)} activeProps={ACTIVE} activeOptions={{ exact: true }} />
      <PageLink to="/deployments" label="Deployments" leftSection={icon(Boxes)} activeProps={ACTIVE} />
      <PageLink to="/tasks" label="Tasks" leftSection={icon(ClipboardList)} activeProps={ACTIVE} />
      <PageLink to="/assistant" label="Assistant" leftSection={icon(MessagesSquare)} activeProps={ACTIVE} />
      {me?.is_admin && <Platform />}
    </ScrollArea>
  );
}

function Platform() {
  return (
    <>
      <Text size="sm" fw={600} c="dimmed" mt="md" mb={4} px="sm">
        Platform
      </Text>
      <PageLink to="/admin/products" label="Products" leftSection={icon(Package)} activeProps={ACTIVE} />
      <PageLink to="/admin/users" label="Users" leftSection={icon(Users)} activeProps={ACTIVE} />
      <PageLink to="/admin/jobs" label="Jobs" leftSection={icon(ListChecks)} activeProps={ACTIVE} />
      <PageLink to="/admin/clusters" label="Clusters" leftSection={icon(Server)} activeProps={ACTIVE} />
      <PageLink to="/admin/audit" label="Audit" leftSection={icon(ScrollText)} activeProps={ACTIVE} />
    </>
  );
}
