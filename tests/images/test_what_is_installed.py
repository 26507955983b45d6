"""What lies in the image of a service: the packages of its own lock file, and no other service's."""

import re

import pytest

from slipway.dev.deploy_files import SETTINGS
from tests.deploy.helming import ROOT
from tests.images.engine import Engine

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(7200)]

LISTED = "from importlib.metadata import distributions as d; print(*{each.metadata['Name'] for each in d()})"
OF_EVERY_ENVIRONMENT = {"pip", "setuptools"}


@pytest.mark.parametrize("service", [name for name in SETTINGS if (ROOT / "requirements" / f"{name}.txt").exists()])
async def test_an_image_has_the_packages_of_its_service_only(images: Engine, service: str):
    printed = await images.docker("run", "--rm", "--network=none", f"slipway/{service}", "python", "-c", LISTED)
    found = {re.sub(r"[-_.]+", "-", name).lower() for name in printed.split()} - OF_EVERY_ENVIRONMENT
    lock = (ROOT / "requirements" / f"{service}.txt").read_text()
    assert "slipway" in found
    assert found - {"slipway"} <= set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
