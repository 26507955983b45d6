/** What can be deployed: cards with a search. */
import { Group, Text, TextInput, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { PackageOpen, Search, SearchX } from "lucide-react";
import { useRef, useState } from "react";
import { type Product, productsQuery, versionOf } from "../../api/products";
import { meQuery } from "../../api/users";
import { Empty } from "../../parts/Empty";
import { ButtonLink } from "../../parts/Links";
import { Loaded } from "../../parts/Loaded";
import { Page } from "../../parts/Page";
import { ProductIcon } from "../../parts/ProductIcon";

export function Catalogue() {
  const products = useQuery(productsQuery);
  const [wanted, setWanted] = useState("");
  const search = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => search.current?.focus()]]);
  return (
    <Page
      title="Catalogue"
      lead="Pick an application; a few values later it runs."
      actions={
        <TextInput
          ref={search}
          type="search"
          aria-label="Search the catalogue"
          placeholder="Search (press /)"
          leftSection={<Search size={16} aria-hidden />}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      }
    >
      <Loaded query={products}>{(all) => <Cards all={all} wanted={wanted.trim().toLowerCase()} />}</Loaded>
    </Page>
  );
}

function Cards({ all, wanted }: { all: Product[]; wanted: string }) {
  const { data: me } = useQuery(meQuery);
  const shown = all.filter((each) => `${each.name} ${each.description ?? ""}`.toLowerCase().includes(wanted));
  if (!all.length) {
    return (
      <Empty icon={PackageOpen} title="The catalogue is empty" action={me?.is_admin && <ButtonLink to="/admin/products">Publish a product</ButtonLink>}>
        {me?.is_admin ? "Publish the first product and everybody will see it here." : "Your platform team has not published a product yet."}
      </Empty>
    );
  }
  if (!shown.length) {
    return (
      <Empty icon={SearchX} title={`Nothing matches “${wanted}”`}>
        Try another word, or clear the search.
      </Empty>
    );
  }
  return (
    <ul className="cards">
      {shown.map((product) => (
        <li key={product.id}>
          <ProductCard product={product} />
        </li>
      ))}
    </ul>
  );
}

function ProductCard({ product }: { product: Product }) {
  return (
    <article className="surface card">
      <Group wrap="nowrap" align="flex-start">
        <ProductIcon name={product.name} icon={product.icon} />
        <div style={{ minWidth: 0 }}>
          <Title order={2} size="h4" style={{ overflowWrap: "anywhere" }}>
            <Link to="/products/$productId" params={{ productId: product.id }} className="quiet-link">
              {product.name}
            </Link>
          </Title>
          <Text size="sm" c="dimmed">
            {product.template ? `Version ${versionOf(product.template)}` : "Nothing to deploy yet"}
          </Text>
        </div>
      </Group>
      <Text size="sm" lineClamp={3} style={{ flex: 1 }}>
        {product.description || "No description."}
      </Text>
      <ButtonLink
        to="/products/$productId/deploy"
        params={{ productId: product.id }}
        variant="light"
        disabled={!product.template}
        aria-label={`Deploy ${product.name}`}
      >
        Deploy
      </ButtonLink>
    </article>
  );
}
