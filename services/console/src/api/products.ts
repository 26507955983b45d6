/** Products and their template versions. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, everyPage, type Schemas } from "./client";

export type Product = Schemas["ProductRead"];
export type Template = Schemas["ProductTemplateVersionRead"];
export type NewTemplate = Schemas["ProductTemplateVersionCreate"];

export const productsQuery = queryOptions({
  queryKey: ["products"],
  queryFn: () => everyPage((cursor) => ask(api.GET("/api/v1/products", { params: { query: { cursor, limit: 200 } } }))),
});

export const productQuery = (id: string) =>
  queryOptions({
    queryKey: ["products", id],
    queryFn: () => ask(api.GET("/api/v1/products/{product_id}", { params: { path: { product_id: id } } })),
  });

export const templatesQuery = (product: string) =>
  queryOptions({
    queryKey: ["products", product, "templates"],
    queryFn: () =>
      everyPage((cursor) =>
        ask(
          api.GET("/api/v1/products/{product_id}/templates", {
            params: { path: { product_id: product }, query: { cursor, limit: 200 } },
          }),
        ),
      ),
  });

/** What people call a version. */
export function versionOf(template: Pick<Template, "version_label" | "chart_version" | "docker_image_url" | "id">): string {
  return template.version_label ?? template.chart_version ?? template.docker_image_url?.split(":").at(-1) ?? template.id.slice(-6);
}

/** What a version is made of. */
export function sourceOf(template: Pick<Template, "chart_ref" | "docker_image_url" | "chart_version">): string {
  return template.chart_ref ?? template.docker_image_url ?? `an uploaded chart, version ${template.chart_version}`;
}

export type Chart = Schemas["ChartRead"];

/** Upload a chart's archive as it is; it is published by the digest that comes back. */
export const uploadChart = (file: File) =>
  ask(
    api.POST("/api/v1/charts", {
      headers: { "Content-Type": "application/gzip" },
      body: file as unknown as string, // the document's word for bytes
      bodySerializer: (body: unknown) => body as BodyInit,
    }),
  );

export const inspectChart = (body: Schemas["ChartInspect"]) => ask(api.POST("/api/v1/charts/inspect", { body }));
