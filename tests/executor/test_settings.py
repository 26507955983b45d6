"""How an executor is told to run Helm, and how long a process may be silent."""

import shutil

import pytest

from slipway.settings import SettingsError, load
from slipway_executor.fence import Terms
from slipway_executor.settings import ExecutorSettings

BASE = {"NATS_URL": "nats://127.0.0.1:4222"}


def settings(**more: str) -> ExecutorSettings:
    return load(ExecutorSettings, {**BASE, **more})


@pytest.mark.parametrize("engine", ["", "off", "helm-engine", shutil.which("sh") or "/bin/sh"])
def test_the_engine_may_be_a_program_that_is_there_or_a_name(engine: str):
    settings(SLIPWAY_HELM_ENGINE=engine)


def test_a_path_without_a_program_is_told_by_its_variable():
    with pytest.raises(SettingsError, match=r"^SLIPWAY_HELM_ENGINE names a program that is not there; say off"):
        settings(SLIPWAY_HELM_ENGINE="/nowhere/helm-engine")


@pytest.mark.parametrize("rate", ["0", "-1"])
def test_no_requests_at_all_is_no_rate(rate: str):
    with pytest.raises(SettingsError, match="SLIPWAY_HELM_REQUESTS_PER_SECOND"):
        settings(SLIPWAY_HELM_REQUESTS_PER_SECOND=rate)


@pytest.mark.parametrize(("variable", "value"), [("SLIPWAY_BEAT_SEC", "0"), ("SLIPWAY_LEASE_SEC", "4")])
def test_times_that_no_process_could_keep_are_refused(variable: str, value: str):
    with pytest.raises(SettingsError, match=variable):
        settings(**{variable: value})


@pytest.mark.parametrize("lease_sec", [5.0, 15.0, 25.0, 600.0])
def test_whatever_a_lease_lasts_no_request_outlives_the_right_to_it(lease_sec: float):
    terms = Terms(gone_sec=lease_sec)
    assert terms.right_sec + terms.request_sec <= terms.gone_sec
    assert 3 * terms.renew_sec < terms.right_sec


def test_less_memory_than_helm_itself_takes_is_refused():
    settings(SLIPWAY_HELM_MEMORY_MIB="64")
    with pytest.raises(SettingsError, match="SLIPWAY_HELM_MEMORY_MIB"):
        settings(SLIPWAY_HELM_MEMORY_MIB="63")
