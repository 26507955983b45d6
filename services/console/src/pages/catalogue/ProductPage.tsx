/** One product and its versions. */
import { Badge, Group, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { History } from "lucide-react";
import { type Product, productQuery, type Template, templatesQuery, sourceOf, versionOf } from "../../api/products";
import { ACTIONS, Columns } from "../../parts/Columns";
import { Empty } from "../../parts/Empty";
import { ButtonLink, TextLink } from "../../parts/Links";
import { Loaded } from "../../parts/Loaded";
import { Page } from "../../parts/Page";
import { ProductIcon } from "../../parts/ProductIcon";
import { When } from "../../parts/When";

export function ProductPage() {
  const { productId } = useParams({ from: "/signed-in/products/$productId" });
  const product = useQuery(productQuery(productId));
  const templates = useQuery(templatesQuery(productId));
  const found = product.data;
  return (
    <Page
      title={found?.name ?? "Product"}
      above={
        <TextLink to="/" size="sm">
          Catalogue
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
        found?.template && (
          <ButtonLink to="/products/$productId/deploy" params={{ productId }}>
            Deploy
          </ButtonLink>
        )
      }
    >
      <Loaded query={product}>
        {(shown) => <Loaded query={templates}>{(all) => <Versions product={shown} all={all} />}</Loaded>}
      </Loaded>
    </Page>
  );
}

function Versions({ product, all }: { product: Product; all: Template[] }) {
  if (!all.length) {
    return (
      <Empty icon={History} title="No version yet">
        The platform team has named this product but not published a version of it.
      </Empty>
    );
  }
  return (
    <Columns names={["Version", "Made of", "Published", ACTIONS]} caption="Versions" minWidth={460}>
      {all.map((template) => (
        <VersionRow key={template.id} product={product} template={template} />
      ))}
    </Columns>
  );
}

function VersionRow({ product, template }: { product: Product; template: Template }) {
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Text fw={600}>{versionOf(template)}</Text>
          {template.id === product.template_id && <Badge color="teal.9" variant="filled">current</Badge>}
          {template.deleted_at && <Badge color="gray.7" variant="filled">withdrawn</Badge>}
        </Group>
      </Table.Td>
      <Table.Td className="mono">{sourceOf(template)}</Table.Td>
      <Table.Td>
        <When time={template.created_at} />
      </Table.Td>
      <Table.Td ta="end">
        {!template.deleted_at && (
          <TextLink to="/products/$productId/deploy" params={{ productId: product.id }} search={{ version: template.id }} aria-label={`Deploy version ${versionOf(template)}`}>
            Deploy
          </TextLink>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
