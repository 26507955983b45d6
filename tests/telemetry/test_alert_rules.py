"""Every alert fires on the figures that it is for and stays silent on those of a healthy day, as Prometheus's promtool evaluates it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.support.promtool import promtool

HERE = Path(__file__).parent
CASES = HERE / "alert_rules.yaml"
RULES = HERE.parents[1] / "deploy" / "helm" / "slipway" / "files" / "alerts.yaml"


def test_alerts_fire_and_stay_silent_as_they_should():
    judged = subprocess.run([promtool(), "test", "rules", CASES], capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_each_alert_is_seen_firing_and_silent():
    cases: list[dict[str, Any]] = yaml.safe_load(CASES.read_text())["tests"]
    told = [rule for case in cases for rule in case["alert_rule_test"]]
    alerts = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
    assert {rule["alertname"] for rule in told if rule.get("exp_alerts")} == alerts
    assert {rule["alertname"] for rule in told if not rule.get("exp_alerts")} == alerts


def test_what_an_alert_counts_from_the_first_time_on_is_shown_before_it():
    """In a fresh process: no increase is seen in a series that begins with 1."""
    told = subprocess.check_output(
        [sys.executable, "-c", "import prometheus_client, slipway_scheduler.metrics as _; print(prometheus_client.generate_latest().decode())"],
        text=True,
    )  # fmt: skip
    for series in ('jobs_ended_total{status="quarantined"}', 'job_leases_expired_total{kind="silent"}'):
        assert f"slipway_{series} 0.0" in told
