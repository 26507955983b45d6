/** What the platform offers, as its team sees it. */
import { Button, Group, Table, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { PackageOpen, Plus } from "lucide-react";
import { type Product, productsQuery, versionOf } from "../../../api/products";
import { Columns } from "../../../parts/Columns";
import { Empty } from "../../../parts/Empty";
import { TextLink } from "../../../parts/Links";
import { Loaded } from "../../../parts/Loaded";
import { Page } from "../../../parts/Page";
import { ProductIcon } from "../../../parts/ProductIcon";
import { When } from "../../../parts/When";
import { ProductDialog } from "./ProductDialog";

export function Products() {
  const products = useQuery(productsQuery);
  const navigate = useNavigate();
  const [adding, dialog] = useDisclosure(false);
  return (
    <Page
      title="Products"
      lead="Name a product, then publish versions of it."
      actions={
        <Button leftSection={<Plus size={16} aria-hidden />} onClick={dialog.open}>
          Create a product
        </Button>
      }
    >
      <Loaded query={products}>
        {(all) =>
          all.length ? (
            <ProductTable all={all} />
          ) : (
            <Empty icon={PackageOpen} title="No product yet">
              Create the first, then publish a version from a chart or an image.
            </Empty>
          )
        }
      </Loaded>
      {adding && <ProductDialog onClose={dialog.close} onSaved={(made) => void navigate({ to: "/admin/products/$productId", params: { productId: made.id } })} />}
    </Page>
  );
}

function ProductTable({ all }: { all: Product[] }) {
  return (
    <Columns names={["Product", "Current version", "Changed"]} minWidth={560}>
      {all.map((product) => (
        <Table.Tr key={product.id}>
          <Table.Td>
            <Group wrap="nowrap" gap="sm">
              <ProductIcon name={product.name} icon={product.icon} size={34} />
              <div>
                <TextLink to="/admin/products/$productId" params={{ productId: product.id }} fw={600}>
                  {product.name}
                </TextLink>
                <Text size="sm" c="dimmed" lineClamp={1}>
                  {product.description}
                </Text>
              </div>
            </Group>
          </Table.Td>
          <Table.Td>{product.template ? versionOf(product.template) : "none yet"}</Table.Td>
          <Table.Td>
            <When time={product.updated_at} />
          </Table.Td>
        </Table.Tr>
      ))}
    </Columns>
  );
}
