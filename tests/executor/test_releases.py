"""Helm's records are Secrets of the tenant's namespace: its chart may write into them, and into others that look like them."""

import base64
import gzip
from typing import Any

import msgspec
import pytest

from slipway_executor.cluster.releases import UNPACKED_LIMIT, as_failed, decode, record
from slipway_executor.failing import OperationFailed


def secret(content: bytes) -> dict[str, Any]:
    packed = base64.b64encode(base64.b64encode(content)).decode()
    return {"type": "helm.sh/release.v1", "metadata": {"name": "n"}, "data": {"release": packed}}


def test_a_record_is_read_and_settled():
    stored = {"manifest": "x", "info": {"status": "pending-install"}}
    found = decode(as_failed(secret(gzip.compress(msgspec.json.encode(stored)))))
    assert (found["manifest"], found["info"]["status"]) == ("x", "failed")


UNREADABLE = {
    "a burst": secret(gzip.compress(bytes(UNPACKED_LIMIT + 1))),
    "no gzip": secret(b"x"),
    "half a gzip": secret(gzip.compress(b"{}")[:-4]),
    "no JSON": secret(gzip.compress(b"{")),
    "no object": secret(gzip.compress(b"[]")),
    "no manifest": secret(gzip.compress(b'{"manifest": 1, "info": {}}')),
    "no state": secret(gzip.compress(b'{"manifest": "", "info": []}')),
    "another base": {"data": {"release": "%"}},
    "nothing": {"data": {}},
    "no data": {},
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_one_that_cannot_be_read_is_told(what: str):
    with pytest.raises(OperationFailed) as caught:
        decode(UNREADABLE[what])
    assert caught.value.failure.code == "record_unreadable"
    with pytest.raises(OperationFailed):
        as_failed({**UNREADABLE[what], "type": "x", "metadata": {}})


@pytest.mark.parametrize("version", ["x", "", "-1", "1.0", "9" * 30])
def test_what_has_no_revision_is_no_record(version: str):
    assert record({"version": version, "status": "deployed"}) is None
    assert record({"status": "deployed"}) is None


def test_labels_of_ours_that_are_no_numbers_count_as_absent():
    found = record({"version": "3", "status": "deployed", "slipway-gen": "9" * 30, "slipway-fence": str(2**40)})
    assert found is not None
    assert (found.revision, found.generation, found.fence) == (3, None, 2**40)
