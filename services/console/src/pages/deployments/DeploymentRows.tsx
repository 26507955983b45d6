/** A list that stays smooth with thousands of rows: only those in sight are drawn. */
import { Link } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { memo, useLayoutEffect, useRef, useState } from "react";
import type { Deployment } from "../../api/deployments";
import { versionOf } from "../../api/products";
import { ProductIcon } from "../../parts/ProductIcon";
import { Status } from "../../parts/Status";
import { When } from "../../parts/When";
import "./rows.css";

const ROW_PX = 68;

export function DeploymentRows({ rows }: { rows: Deployment[] }) {
  const list = useRef<HTMLUListElement>(null);
  const [above, setAbove] = useState(0);
  useLayoutEffect(() => setAbove(list.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: 5,
    scrollMargin: above,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  return (
    <ul ref={list} className="surface rows" style={{ height: virtual.getTotalSize() }} aria-label="Deployments">
      {virtual.getVirtualItems().map((item) => {
        const row = rows[item.index];
        return (
          row && (
            <li key={item.key} className="row" aria-setsize={rows.length} aria-posinset={item.index + 1} style={{ height: ROW_PX, transform: `translateY(${item.start - above}px)` }}>
              <Row row={row} />
            </li>
          )
        );
      })}
    </ul>
  );
}

const Row = memo(function Row({ row }: { row: Deployment }) {
  const product = row.template.product;
  return (
    <>
      <ProductIcon name={product?.name ?? "?"} icon={product?.icon} size={36} />
      <div className="row-name">
        <Link to="/deployments/$deploymentId" params={{ deploymentId: row.id }} className="quiet-link row-link">
          {row.domain_name}
        </Link>
        <span className="row-more">
          {product?.name} {versionOf(row.template)}
        </span>
      </div>
      <div className="row-status">
        <Status status={row.status} />
        <span className="row-more" title={row.last_error ?? undefined}>
          {row.suspended ? "suspended" : row.drifted ? "drifted" : row.last_error}
        </span>
      </div>
      <div className="row-when row-more">
        <When time={row.created_at} plain />
      </div>
    </>
  );
});
