"""Every alert fires on the figures that it is for and stays silent on those of a healthy day, as Prometheus's promtool evaluates it."""

import subprocess
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
