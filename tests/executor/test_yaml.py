"""What stands in a manifest is read as the API server reads it, else drift would be seen where there is none."""

from typing import Any

import pytest

from slipway_executor.cluster import yaml
from slipway_executor.cluster.releases import objects_of
from slipway_executor.failing import OperationFailed

READ = [
    ("12:30", "12:30"), ("2024-01-01", "2024-01-01"), ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"), ("=", "="),
    ("1e3", 1000.0), ("1234e5", 123_400_000.0), ("010", 8), ("0o14", 12), ("08", 8), ("0x1F", 31), ("0b11", 3), ("1_000", 1000),
    ("1.5", 1.5), (".5", 0.5), ("-3", -3), ("+4", 4), ("1.2.3", "1.2.3"), ("yes", True), ("off", False), ("~", None), ('"12"', "12"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), READ)
def test_plain_scalars(written: str, meant: Any):
    read = yaml.load(f"- {written}")[0]
    assert read == meant
    assert isinstance(read, bool) == isinstance(meant, bool)


SETTINGS = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"
LISTS = [
    f"apiVersion: v1\nkind: List\nitems: [{SETTINGS}]\n",
    f"apiVersion: v1\nkind: ConfigMapList\nitems: [{SETTINGS}]\n",
    "apiVersion: v1\nkind: ConfigMapList\nmetadata: {}\nitems: [{metadata: {name: a}}]\n",
    f"apiVersion: v1\nkind: ConfigMapList\nitems: [{{apiVersion: v1, kind: List, items: [{SETTINGS}]}}]\n",
    f"apiVersion: example.org/v1\nkind: Basket\nmetadata: {{name: b}}\nitems: [{SETTINGS}]\n",
]


@pytest.mark.parametrize("manifest", LISTS, ids=["List", "typed", "kinds left out", "nested", "any kind"])
def test_the_objects_of_lists_are_the_releases_own(manifest: str):
    """Helm opens them all: what stood in a list that we leave shut was neither judged, counted nor watched."""
    assert objects_of(manifest) == [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}]
    assert objects_of("apiVersion: v1\nkind: PodList\nitems: null\n") == []


SHAPELESS = [
    "apiVersion: v1\nkind: ConfigMap\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ''}\n", "kind: List\n",
    "kind: ConfigMap\nmetadata: {name: a}\n", "kind: List\nitems: [{metadata: {name: a}}]\n", "kind: PodList\nitems: [1]\n",
]  # fmt: skip


@pytest.mark.parametrize("manifest", SHAPELESS)
def test_what_has_no_kind_or_name_is_told(manifest: str):
    with pytest.raises(OperationFailed, match="the chart renders"):
        objects_of(manifest)


def test_aliases_are_written_out_as_far_as_that_is_little():
    ten = [", ".join([f"*a{n}"] * 10) for n in range(9)]
    bomb = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{each}]}}\n" for n, each in enumerate(ten, 1))
    with pytest.raises(OperationFailed, match="no YAML"):
        objects_of(bomb)
    [item] = objects_of("x: &x {name: a}\napiVersion: v1\nkind: ConfigMap\nmetadata: *x\n")
    assert item["metadata"] == {"name": "a"}


def test_objects_keep_the_texts_of_their_fields():
    [item] = objects_of(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a, annotations: {at: 12:30, day: 2024-01-01}}\nspec: {enum: [=, '!=']}\n"
    )
    assert item["metadata"]["annotations"] == {"at": "12:30", "day": "2024-01-01"}
    assert item["spec"]["enum"] == ["=", "!="]
