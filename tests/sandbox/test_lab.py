from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto.core.base_backend import BackendDict

from sandbox.app_config import OVERLAY, copy_config
from sandbox.aws.server import AwsServer
from sandbox.calls import Calls
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.seed.account import Account
from sandbox.seed.catalogue import RUNNING, US
from sandbox.seed.fleet import Network
from sandbox.seed.lab import APPLICATION, CHECKOUT, CLUSTER, LAB, STOREFRONT, build_lab

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    clock = Clock(speed=0)
    server = AwsServer(clock, Faults(), Calls(), ticker=False)
    server.start()
    made = Account(server.url, "SANDBOXTEST", secrets.token_hex(8))
    try:
        subnets = made.client("ec2", US).describe_subnets()["Subnets"]
        groups = made.client("ec2", US).describe_security_groups()["SecurityGroups"]
        network = Network(tuple(each["SubnetId"] for each in subnets)[:2], groups[0]["GroupId"], {})
        build_lab(made, clock, network)
        yield made
    finally:
        made.close()
        server.stop()
        BackendDict.reset()


def services(account: Account) -> dict[str, dict[str, Any]]:
    names = [service.service for service in LAB]
    found = account.client("ecs", US).describe_services(cluster=CLUSTER, services=names)["services"]
    return {each["serviceName"]: each for each in found}


def test_both_services_run_their_newest_release(account: Account) -> None:
    for name, found in services(account).items():
        assert found["runningCount"] == found["desiredCount"] == 2
        definition = account.client("ecs", US).describe_task_definition(taskDefinition=found["taskDefinition"])
        assert definition["taskDefinition"]["containerDefinitions"][0]["image"].endswith(f"lab-{name}:{RUNNING}")


def test_one_is_ecs_s_own_and_waits_at_a_hook(account: Account) -> None:
    found = services(account)[STOREFRONT.service]
    configured = found["deploymentConfiguration"]
    assert (configured["strategy"], configured["lifecycleHooks"][0]["targetType"]) == ("BLUE_GREEN", "PAUSE")
    listed = account.client("ecs", US).list_service_deployments(cluster=CLUSTER, service=STOREFRONT.service)
    assert [each["status"] for each in listed["serviceDeployments"]] == ["SUCCESSFUL"] * 3


def test_the_other_is_codedeploy_s(account: Account) -> None:
    (tasks,) = services(account)[CHECKOUT.service]["taskSets"]
    codedeploy = account.client("codedeploy", US)
    listed = codedeploy.list_deployments(applicationName=APPLICATION, deploymentGroupName=CHECKOUT.name)["deployments"]
    assert tasks["externalId"] == listed[0]
    found = codedeploy.batch_get_deployments(deploymentIds=listed)["deploymentsInfo"]
    assert [each["status"] for each in found] == ["Succeeded", "Succeeded"]


def test_the_bot_hears_of_the_lab_in_the_sandbox_alone(tmp_path: Path) -> None:
    copied = copy_config(CONFIG, tmp_path / "copy")
    lab = yaml.safe_load((copied / "systems" / "lab.yaml").read_text())
    assert set(lab["environments"]["staging"]["services"]) == {service.name for service in LAB}
    assert not (CONFIG / "systems" / "lab.yaml").exists()


def test_an_overlay_may_add_files_and_change_others(tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    shutil.copytree(OVERLAY, overlay)
    (overlay / "systems" / "bi.yaml").write_text("title: Another title\n")
    copied = copy_config(CONFIG, tmp_path / "copy", overlay)
    changed = yaml.safe_load((copied / "systems" / "bi.yaml").read_text())
    original = yaml.safe_load((CONFIG / "systems" / "bi.yaml").read_text())
    assert changed == original | {"title": "Another title"}
    assert (copied / "systems" / "lab.yaml").exists()
