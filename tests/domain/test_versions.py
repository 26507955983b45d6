"""The order of template versions, which is not that of their texts."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from slipway.domain.versions import TemplateVersion, is_newer, precedence

RISING = [
    "0.9", "v1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1", "1.2.3",
    "v1.9.0", "1.10.0", "10.0.0",
]  # fmt: skip


def version(number: int, **fields: Any) -> TemplateVersion:
    """Return the version that was registered as the `number`th."""
    return TemplateVersion(id=UUID(int=number), created_at=datetime(2026, 1, number, tzinfo=UTC), **fields)


def test_versions_rise_as_semver_says():
    for lower, higher in pairwise([precedence(each) for each in RISING]):
        assert lower is not None
        assert higher is not None
        assert lower < higher
    assert precedence("1.2.3+a") == precedence("1.2.3+b")


@pytest.mark.parametrize("text", [None, "", "spring", "1.2.3.4", "01.2.3", "1.2.3-", "2024-01-31x y", "1." + "9" * 300])
def test_what_is_no_version_has_no_place_of_its_own(text: str | None):
    assert precedence(text) is None


CHART, OTHER = "oci://r/chart", "oci://r/other"


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (version(1, version_label="1.10"), version(2, version_label="1.9")),
        (version(1, chart_ref=CHART, chart_version="2.0.0"), version(2, chart_ref=CHART, chart_version="2.0.0-rc.1")),
        (version(2, chart_ref=CHART, chart_version="1.0.0"), version(1, chart_ref=OTHER, chart_version="9.0.0")),
        (version(2, version_label="autumn"), version(1, version_label="spring")),
        (version(2, version_label="1.0"), version(1, version_label="1.0.0")),
        (
            version(2, version_label="1", chart_ref=CHART, chart_version="5.0.1"),
            version(1, version_label="1", chart_ref=CHART, chart_version="5.0.0"),
        ),
        (
            version(1, version_label="2", chart_ref=CHART, chart_version="1.0.0"),
            version(2, version_label="1", chart_ref=CHART, chart_version="5.0.0"),
        ),
    ],
    ids=["label", "chart", "another chart", "words", "equal labels", "same label, newer chart", "label before chart"],
)
def test_one_of_two_is_newer(newer: TemplateVersion, older: TemplateVersion):
    assert is_newer(newer, older)
    assert not is_newer(older, newer)
    assert not is_newer(newer, newer)
