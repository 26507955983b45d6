"""A namespace as Slipway sees it: whose it is, by its labels and annotations."""

from slipway_executor.cluster.port import (
    ADOPTED_ANNOTATION,
    DEPLOYMENT_LABEL,
    INSTALLATION_LABEL,
    LEFT_ANNOTATION,
    TENANT_ANNOTATION,
    Namespace,
    Object,
)


def read(found: Object) -> Namespace:
    meta = found["metadata"]
    labels, annotations = meta.get("labels", {}), meta.get("annotations", {})
    waiting = [
        condition["message"]
        for condition in found.get("status", {}).get("conditions", [])
        if condition["status"] == "True" and condition.get("message")
    ]
    return Namespace(
        name=meta["name"],
        uid=meta["uid"],
        installation=labels.get(INSTALLATION_LABEL),
        deployment=labels.get(DEPLOYMENT_LABEL),
        tenant=annotations.get(TENANT_ANNOTATION),
        adopted=ADOPTED_ANNOTATION in annotations,
        left_by=annotations.get(LEFT_ANNOTATION),
        terminating="deletionTimestamp" in meta,
        remaining="; ".join(waiting) or None,
    )
