/** Names a product, or changes how it is shown. */
import { Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { changesOf, ifStill } from "../../../api/changes";
import { api, ask } from "../../../api/client";
import type { Product } from "../../../api/products";
import { FormDialog } from "../../../parts/FormDialog";
import { useChange } from "../../../parts/useChange";

interface Props {
  product?: Product;
  onClose: () => void;
  onSaved?: (product: Product) => void;
}

export function ProductDialog({ product: latest, onClose, onSaved }: Props) {
  const [product] = useState(latest); // as it was when the dialog was opened
  const [name, setName] = useState(product?.name ?? "");
  const [description, setDescription] = useState(product?.description ?? "");
  const [icon, setIcon] = useState(product?.icon ?? "");
  const body = { name: name.trim(), description: description.trim() || null, icon: icon.trim() || null };
  const save = useChange(
    () => (product ? ask(api.PATCH("/api/v1/products/{product_id}", { params: { path: { product_id: product.id } }, headers: ifStill(product.updated_at), body: changesOf(product, body) })) : ask(api.POST("/api/v1/products", { body }))),
    {
      keys: [["products"]],
      shown: true,
      then: (saved) => {
        onClose();
        onSaved?.(saved);
      },
    },
  );
  return (
    <FormDialog title={product ? `Edit ${product.name}` : "Create a product"} verb={product ? "Save" : "Create"} opened onClose={onClose} change={save} shows={["/name", "/description", "/icon"]}>
      {(at) => (
        <>
          <TextInput data-autofocus label="Name" required value={name} onChange={(event) => setName(event.currentTarget.value)} error={at("/name")} />
          <Textarea label="Description" description="A sentence or two: what it is, and who it is for." autosize minRows={2} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={at("/description")} />
          <TextInput label="Icon" description="An emoji, or the https address of an image." value={icon} onChange={(event) => setIcon(event.currentTarget.value)} error={at("/icon")} />
        </>
      )}
    </FormDialog>
  );
}
