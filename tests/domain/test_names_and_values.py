"""Names for every Unicode input; values that never leave their place."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.domain.charts import Capabilities, InvalidChartRef, Registries, parse_chart_ref
from slipway.domain.domains import DomainRules, InvalidDomain, normalise_domain
from slipway.domain.ids import uuid7
from slipway.domain.images import InvalidImage, parse_image
from slipway.domain.jobs import RetryPolicy, backoff_sec
from slipway.domain.naming import SUFFIX_ALPHABET, SUFFIXES, deployment_uid, nth_suffix, slugify, user_slug
from slipway.domain.templates import SystemValues, TemplateSource, compose
from slipway.domain.values import (
    MAX_DEPTH,
    canonical,
    check_user_values,
    merge,
    outside,
    parse_pointer,
    pointer,
    release_digest,
    storable,
    unstorable,
)

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")
SUFFIX = st.text(SUFFIX_ALPHABET, min_size=6, max_size=6)
JSON = st.recursive(
    st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(
    st.text(max_size=8) | st.sampled_from(["user", "slipway", "image", "__proto__", "a.b"]), JSON, max_size=4
)
SYSTEM = SystemValues(domain="d.example.org", deployment_uid="uid", user_id="owner")


ANY_TEXT = st.text(st.characters(codec=None) | st.sampled_from("\0\ud800\udfff"), max_size=5)


def test_each_number_has_a_suffix_of_its_own():
    assert [nth_suffix(number) for number in (0, 35, 36, SUFFIXES - 1)] == ["000000", "00000z", "000010", "zzzzzz"]


@given(st.text(), st.text(), SUFFIX)
def test_a_uid_is_a_release_name_for_every_input(product: str, user: str, suffix: str):
    uid = deployment_uid(product, user, suffix)
    assert LABEL.match(uid)
    assert len(uid) <= 53
    assert uid.endswith(f"-{suffix}")


@given(st.text())
def test_a_slug_is_a_dns_label(text: str):
    assert LABEL.match(slugify(text))
    assert len(slugify(text)) <= 63


def test_names_read_well():
    assert (
        deployment_uid("Ünïcode  Shop!", user_slug("Jane.Doe@example.org"), "abc123") == "unicode-shop-jane-doe-abc123"
    )
    assert slugify("名前") == "dep"


@given(OBJECTS, OBJECTS)
def test_users_values_stay_in_their_place_and_system_values_win(defaults: dict[str, Any], values: dict[str, Any]):
    template = TemplateSource(chart_ref="oci://x/y", default_values=defaults)
    composed = compose(template, values, SYSTEM)
    plain = compose(template, None, SYSTEM)
    assert {key: value for key, value in composed.items() if key != "user"} == {
        key: value for key, value in plain.items() if key != "user"
    }
    assert composed["slipway"]["domain"] == "d.example.org"
    assert composed["slipway"]["user_id"] == "owner"


def test_arrays_are_replaced_and_objects_merged():
    assert merge({"a": [1, 2], "b": {"c": 1, "d": 2}}, {"a": [3], "b": {"d": 3}}) == {"a": [3], "b": {"c": 1, "d": 3}}
    assert merge({"a": {"b": 1}}, {"a": 2}) == {"a": 2}


@given(OBJECTS)
def test_merging_changes_no_layer(layer: dict[str, Any]):
    before = canonical(layer)
    merge(layer, {"user": {"x": 1}}, layer)
    assert canonical(layer) == before


def test_a_foreign_charts_users_stay_on_the_paths_given_to_them():
    template = TemplateSource(
        chart_ref="oci://x/y",
        default_values={"image": {"tag": "1"}, "replicas": 1},
        capabilities=Capabilities(user_values_paths=("/replicas",), system_values_paths={"domain": "/ingress/host"}),
    )
    assert compose(template, {"replicas": 3}, SYSTEM) == {
        "image": {"tag": "1"}, "replicas": 3, "ingress": {"host": "d.example.org"},
    }  # fmt: skip
    assert list(outside({"replicas": 2, "image": {"tag": "9"}}, [("replicas",)])) == ["/image/tag"]


@given(OBJECTS)
def test_digests_do_not_depend_on_order(values: dict[str, Any]):
    reordered = dict(reversed(list(values.items())))
    assert release_digest("c", values) == release_digest("c", reordered)
    assert re.match(r"[0-9a-f]{40}\Z", release_digest("c", values))


@given(st.recursive(ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner)))
def test_what_is_made_storable_is_and_what_was_stays(value: Any):
    made = storable(value)
    assert not list(unstorable(made))
    assert storable(made) == made
    assert list(unstorable(value)) or made == value


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4))
def test_pointers_go_both_ways(path: list[str]):
    assert list(parse_pointer(pointer(path))) == path


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"a": {"b": None}}, "/a/b"),
        ({"a": float("nan")}, "/a"),
        ({"a": float("inf")}, "/a"),
        ({"a": 10**20}, "/a"),
        ({"a": "nul\0"}, "/a"),
        ({"a": "\ud800"}, "/a"),
        ({"a/b": [1, None]}, "/a~1b/1"),
        ([], ""),
        ({"a": "x" * 300_000}, ""),
        (nested(MAX_DEPTH + 2), "/a" * (MAX_DEPTH + 1)),
    ],
)
def test_values_that_no_schema_could_allow_are_refused_at_their_place(values: Any, where: str):
    assert [problem.pointer for problem in check_user_values(values)] == [where]


@pytest.mark.parametrize(
    "values", [{}, {"__proto__": {"x": 1}}, {"a": "{{ template }}"}, {"a": True, "b": [1, {"c": 2.5}]}]
)
def test_plain_values_are_allowed(values: dict[str, Any]):
    assert check_user_values(values) == []


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("nginx", ("nginx", "latest", None)),
        ("reg.io:5000/team/app", ("reg.io:5000/team/app", "latest", None)),
        ("reg.io:5000/team/app:1.2", ("reg.io:5000/team/app", "1.2", None)),
        (f"app@sha256:{'a' * 64}", ("app", "", f"sha256:{'a' * 64}")),
        (f"app:1@sha256:{'a' * 64}", ("app", "1", f"sha256:{'a' * 64}")),
    ],
)
def test_image_references(url: str, parts: tuple[str, str, str | None]):
    image = parse_image(url)
    assert (image.repository, image.tag, image.digest) == parts


@pytest.mark.parametrize(
    "url", ["", "https://x/y", "UPPER/case", "a b", "x:", "x@sha256:12", "x:-tag", "/x", "x//y", "x:1:2"]
)
def test_what_is_no_image_reference(url: str):
    with pytest.raises(InvalidImage):
        parse_image(url)


REGISTRIES = Registries.parse(("http://127.0.0.1:5000", "ghcr.io", "charts.example.org"))


def test_allowed_chart_references():
    assert parse_chart_ref("oci://127.0.0.1:5000/charts/hello", REGISTRIES).plain_http
    assert not parse_chart_ref("oci://ghcr.io/team/chart", REGISTRIES).plain_http
    assert parse_chart_ref("https://charts.example.org/stable/app", REGISTRIES).host == "charts.example.org"


@pytest.mark.parametrize(
    "ref",
    [
        "file:///etc/passwd", "http://ghcr.io/a", "ghcr.io/a", "oci://evil.example/a", "oci://169.254.169.254/latest",
        "oci://127.0.0.1/a", "oci://127.0.0.1:5001/a", "oci://[::1]/a", "oci://2130706433/a", "oci://localhost/a",
        "oci://ghcr.io@evil.example/a", "oci://user:pw@ghcr.io/a", "oci://ghcr.io/a:1.0", "oci://ghcr.io/a@sha256:x",
        "oci://ghcr.io/../a", "oci://ghcr.io/a?x=1", "oci://ghcr.io", "https://charts.example.org/../x", "oci://ghcr.io/A",
        "OCI://ghcr.io/a", "oci://ghcr.io\\@evil.example/a", "oci://ghcr.io/a\n",
    ],
)  # fmt: skip
def test_refused_chart_references(ref: str):
    with pytest.raises(InvalidChartRef):
        parse_chart_ref(ref, REGISTRIES)


@pytest.mark.parametrize("name", ["example.org", "a.b.c.example.org", "xn--bcher-kva.example", "EXAMPLE.org."])
def test_domain_names(name: str):
    assert normalise_domain(name, DomainRules()) == name.lower().removesuffix(".")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a..b",
        "-a.org",
        "a-.org",
        "a_b.org",
        "bücher.example",
        "1.2.3.4",
        "a" * 64 + ".org",
        "a." * 127 + "ab",
        "a b.org",
        "a/b",
    ],
)
def test_what_is_no_domain_name(name: str):
    with pytest.raises(InvalidDomain):
        normalise_domain(name, DomainRules())


def test_reserved_domains_cover_what_is_below_them():
    with pytest.raises(InvalidDomain, match="reserved"):
        normalise_domain("api.platform.example", DomainRules(reserved=("platform.example",)))


PLATFORM = DomainRules(wildcards=("*.apps.example.org", "*.eu.apps.example.org"))


@pytest.mark.parametrize(
    "name",
    ["shop.apps.example.org", "Shop.EU.apps.example.org.", "apps.example.com", "example.org", "myapps.example.org"],
)
def test_names_below_a_wildcard_of_the_platform_and_others(name: str):
    normalise_domain(name, PLATFORM)


@pytest.mark.parametrize(
    "name", ["apps.example.org", "a.b.apps.example.org", "eu.apps.example.org", "a.b.eu.apps.example.org"]
)
def test_a_wildcard_reaches_one_label_down(name: str):
    with pytest.raises(InvalidDomain, match=r"names of one label, as in my-app\.(eu\.)?apps\.example\.org"):
        normalise_domain(name, PLATFORM)


def test_an_installation_may_allow_its_own_names_only():
    rules = DomainRules(wildcards=("*.apps.example.org",), others=False)
    normalise_domain("shop.apps.example.org", rules)
    with pytest.raises(InvalidDomain, match=r"as in my-app\.apps\.example\.org"):
        normalise_domain("shop.example.org", rules)


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**74 - 1), st.integers(0, 2**74 - 1))
def test_ids_are_version_7_and_ordered_by_time(ms: int, one: int, other: int):
    first = uuid7(ms, one)
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    if ms < 2**48 - 1:
        assert first < uuid7(ms + 1, other)


@given(st.floats(0, 1e9), st.floats(0, 0.999))
def test_backoff_stays_within_its_bounds(elapsed: float, jitter: float):
    policy = RetryPolicy()
    assert policy.base_sec / 2 <= backoff_sec(policy, elapsed, jitter) <= policy.cap_sec
