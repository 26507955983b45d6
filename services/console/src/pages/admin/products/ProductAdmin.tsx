/** One product as its team sees it: versions, which one is current, rollouts. */
import { Button, Checkbox, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { PackagePlus, Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, ask } from "../../../api/client";
import { type Product, productQuery, templatesQuery } from "../../../api/products";
import { Confirm } from "../../../parts/Confirm";
import { ButtonLink, TextLink } from "../../../parts/Links";
import { Loaded } from "../../../parts/Loaded";
import { Page } from "../../../parts/Page";
import { ProductIcon } from "../../../parts/ProductIcon";
import { useChange } from "../../../parts/useChange";
import { ProductDialog } from "./ProductDialog";
import { Rollouts } from "./Rollouts";
import { VersionTable } from "./VersionTable";

export function ProductAdmin() {
  const { productId } = useParams({ from: "/signed-in/admin/products/$productId" });
  const product = useQuery(productQuery(productId));
  const templates = useQuery(templatesQuery(productId));
  const [editing, edit] = useDisclosure(false);
  const [removing, removal] = useDisclosure(false);
  const found = product.data;
  return (
    <Page
      title={found?.name ?? "Product"}
      above={
        <TextLink to="/admin/products" size="sm">
          Products
        </TextLink>
      }
      heading={
        found && (
          <Group gap="sm" wrap="nowrap">
            <ProductIcon name={found.name} icon={found.icon} />
            {found.name}
          </Group>
        )
      }
      lead={found?.description}
      actions={
        <>
          <Button variant="default" leftSection={<Pencil size={16} aria-hidden />} onClick={edit.open}>
            Edit
          </Button>
          <Button variant="default" leftSection={<Trash2 size={16} aria-hidden />} onClick={removal.open}>
            Delete…
          </Button>
          <ButtonLink to="/admin/products/$productId/adopt" params={{ productId }} variant="default" leftSection={<PackagePlus size={16} aria-hidden />}>
            Adopt a release
          </ButtonLink>
          <ButtonLink to="/admin/products/$productId/publish" params={{ productId }} leftSection={<Plus size={16} aria-hidden />}>
            Publish a version
          </ButtonLink>
        </>
      }
    >
      <Loaded query={product}>
        {(shown) => (
          <>
            <Loaded query={templates}>{(all) => <VersionTable product={shown} all={all} />}</Loaded>
            {shown.template && <Rollouts product={shown} />}
            {editing && <ProductDialog product={shown} onClose={edit.close} />}
            <Removal product={shown} opened={removing} onClose={removal.close} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Removal({ product, opened, onClose }: { product: Product; opened: boolean; onClose: () => void }) {
  const navigate = useNavigate();
  const [cascade, setCascade] = useState(false);
  const remove = useChange(
    () => ask(api.DELETE("/api/v1/products/{product_id}", { params: { path: { product_id: product.id }, query: { cascade } } })),
    { keys: [["products"]], said: `${product.name} is deleted.`, shown: true, then: () => void navigate({ to: "/admin/products" }) },
  );
  return (
    <Confirm title={`Delete ${product.name}?`} verb="Delete" danger typed={product.name} opened={opened} busy={remove.isPending} error={remove.error} onClose={onClose} onConfirm={() => remove.mutate(undefined)}>
      It leaves the catalogue with all its versions.
      <Checkbox mt="sm" label="Delete its deployments too" checked={cascade} onChange={(event) => setCascade(event.currentTarget.checked)} />
    </Confirm>
  );
}
