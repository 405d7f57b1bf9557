from __future__ import annotations

from typing import Any

from sandbox.clock import Clock
from tests.sandbox.aws.ecs.shop import Shop


def rollouts(service: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["status"], each["rolloutState"]) for each in service["deployments"]]


def test_a_new_service_launches_its_tasks(shop: Shop, clock: Clock) -> None:
    definition = shop.register("v1")
    made = shop.ecs.create_service(
        cluster="shop",
        serviceName="api",
        taskDefinition="shop-api",
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=shop.network,
    )["service"]
    assert (made["taskDefinition"], made["runningCount"], made["desiredCount"]) == (definition, 0, 2)
    assert rollouts(made) == [("PRIMARY", "IN_PROGRESS")]
    clock.advance(3)
    service = shop.service()
    assert (service["runningCount"], service["pendingCount"]) == (0, 2)
    assert {task["lastStatus"] for task in shop.tasks()} == {"PENDING"}
    clock.advance(5)
    service = shop.service()
    assert (service["runningCount"], service["pendingCount"]) == (2, 0)
    assert rollouts(service) == [("PRIMARY", "COMPLETED")]
    ids = [task["taskArn"].rpartition("/")[2] for task in shop.tasks()]
    first = shop.messages()[0]
    assert first.startswith("(service api) has started 2 tasks: ")
    assert all(f"(task {each})" in first for each in ids)
    assert shop.messages()[-1] == "(service api) has reached a steady state."


def test_a_rollout_keeps_enough_tasks_and_has_two_deployments_until_the_old_one_is_gone(shop: Shop) -> None:
    shop.balance()
    old = shop.create()
    before = {task["taskArn"] for task in shop.tasks()}
    new = shop.ship("v2")
    service = shop.service()
    assert [each["taskDefinition"] for each in service["deployments"]] == [new, old]
    assert rollouts(service) == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")]
    seen = set()

    def settled() -> bool:
        service = shop.service()
        seen.add(service["deployments"][0]["runningCount"])
        assert service["runningCount"] >= 2
        assert service["runningCount"] + service["pendingCount"] <= 4
        return len(service["deployments"]) == 1

    assert 9 <= shop.until(settled) <= 13
    assert seen == {0, 1, 2}
    service = shop.service()
    assert rollouts(service) == [("PRIMARY", "COMPLETED")]
    assert service["taskDefinition"] == new
    assert not before & {task["taskArn"] for task in shop.tasks()}
    stopped = shop.tasks("STOPPED")
    identity = service["deployments"][0]["id"]
    assert {task["stoppedReason"] for task in stopped} == {f"Scaling activity initiated by (deployment {identity})"}
    assert {task["stopCode"] for task in stopped} == {"ServiceSchedulerInitiated"}
    assert {task["startedBy"] for task in shop.tasks()} == {identity}
    said = shop.messages()
    assert f"(service api) registered 1 targets in (target-group {shop.target_group})" in said
    assert f"(service api) (deployment {identity}) deployment completed." in said


def test_targets_follow_their_tasks(shop: Shop, clock: Clock) -> None:
    shop.balance()
    shop.create()
    assert shop.health() == ["healthy", "healthy"]
    shop.ship("v2")
    clock.advance(5.5)
    assert shop.health() == ["healthy", "healthy", "initial", "initial"]
    shop.until(lambda: "draining" in shop.health())
    shop.until(lambda: shop.health() == ["healthy", "healthy"])
    addresses = {
        detail["value"]
        for task in shop.tasks()
        for attachment in task["attachments"]
        for detail in attachment["details"]
        if detail["name"] == "privateIPv4Address"
    }
    found = shop.elb.describe_target_health(TargetGroupArn=shop.target_group)["TargetHealthDescriptions"]
    assert {(each["Target"]["Id"], each["Target"]["Port"]) for each in found} == {(each, 8000) for each in addresses}


def test_a_target_group_without_a_listener_is_not_in_use(shop: Shop) -> None:
    shop.balance(listen=False)
    shop.create()
    found = shop.elb.describe_target_health(TargetGroupArn=shop.target_group)["TargetHealthDescriptions"]
    assert [each["TargetHealth"]["Reason"] for each in found] == ["Target.NotInUse"] * 2


def test_with_no_room_above_old_tasks_go_first(shop: Shop, clock: Clock) -> None:
    shop.create(deploymentConfiguration={"maximumPercent": 100, "minimumHealthyPercent": 50})
    shop.ship("v2")
    lows = []

    def settled() -> bool:
        service = shop.service()
        lows.append(service["runningCount"])
        assert service["runningCount"] + service["pendingCount"] <= 2
        return len(service["deployments"]) == 1

    shop.until(settled)
    assert min(lows) == 1


def test_when_neither_may_start_nor_stop_nothing_moves(shop: Shop, clock: Clock) -> None:
    shop.create(deploymentConfiguration={"maximumPercent": 100, "minimumHealthyPercent": 100})
    shop.ship("v2")
    clock.advance(120)
    assert rollouts(shop.service()) == [("PRIMARY", "IN_PROGRESS"), ("ACTIVE", "COMPLETED")]
    assert shop.service()["deployments"][0]["runningCount"] == 0


def test_scaling_moves_gradually_and_starts_no_deployment(shop: Shop, clock: Clock) -> None:
    shop.create()
    before = shop.service()["deployments"][0]["id"]
    scaled = shop.update(desiredCount=5)
    assert (scaled["desiredCount"], scaled["runningCount"]) == (5, 2)
    clock.advance(2)
    assert (shop.service()["runningCount"], shop.service()["pendingCount"]) == (2, 3)
    clock.advance(10)
    service = shop.service()
    (deployment,) = service["deployments"]
    assert (service["runningCount"], deployment["desiredCount"], deployment["id"]) == (5, 5, before)
    shop.update(desiredCount=1)
    clock.advance(10)
    assert len(shop.tasks()) == shop.service()["runningCount"] == 1


def test_what_does_not_change_the_tasks_starts_no_deployment(shop: Shop) -> None:
    definition = shop.create()
    before = shop.service()["deployments"][0]["id"]
    shop.update(taskDefinition=definition)
    shop.update(taskDefinition="shop-api:1", networkConfiguration=shop.network)
    shop.update(healthCheckGracePeriodSeconds=30, enableExecuteCommand=True, propagateTags="SERVICE")
    shop.update(deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 50})
    service = shop.service()
    assert [each["id"] for each in service["deployments"]] == [before]
    assert service["healthCheckGracePeriodSeconds"] == 30
    assert service["deploymentConfiguration"]["maximumPercent"] == 150


def test_a_forced_deployment_replaces_every_task(shop: Shop) -> None:
    shop.create()
    before = {task["taskArn"] for task in shop.tasks()}
    assert len(shop.update(forceNewDeployment=True)["deployments"]) == 2
    shop.until(lambda: len(shop.service()["deployments"]) == 1)
    assert not before & {task["taskArn"] for task in shop.tasks()}


def test_another_network_starts_a_deployment(shop: Shop) -> None:
    shop.create()
    other = {"awsvpcConfiguration": {"subnets": shop.subnets[:1], "assignPublicIp": "ENABLED"}}
    assert len(shop.update(networkConfiguration=other)["deployments"]) == 2


def test_a_newer_deployment_supersedes_one_in_flight(shop: Shop, clock: Clock) -> None:
    shop.create()
    shop.ship("v2")
    clock.advance(2)
    newest = shop.ship("v3")
    shop.until(lambda: len(shop.service()["deployments"]) == 1)
    assert {task["taskDefinitionArn"] for task in shop.tasks()} == {newest}
    assert [each["status"] for each in shop.history()] == ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]


def test_the_waiters_wait_until_it_is_so(shop: Shop, clock: Clock) -> None:
    shop.create()
    shop.ship("v2")
    events = shop.ecs.meta.events
    events.register("before-call.ecs.DescribeServices", lambda **_: clock.advance(1), unique_id="time passes")
    shop.ecs.get_waiter("services_stable").wait(
        cluster="shop", services=["api"], WaiterConfig={"Delay": 0, "MaxAttempts": 30}
    )
    assert len(shop.service()["deployments"]) == 1
    assert shop.ecs.delete_service(cluster="shop", service="api", force=True)["service"]["status"] == "DRAINING"
    shop.ecs.get_waiter("services_inactive").wait(
        cluster="shop", services=["api"], WaiterConfig={"Delay": 0, "MaxAttempts": 30}
    )
    events.unregister("before-call.ecs.DescribeServices", unique_id="time passes")
    assert shop.ecs.list_services(cluster="shop")["serviceArns"] == []


def test_the_same_calls_at_the_same_instants_give_the_same_history(shop: Shop, clock: Clock) -> None:
    shop.balance()
    shop.create()
    shop.ship("v2")
    clock.advance(3600)
    late = [event["createdAt"].timestamp() for event in shop.service()["events"]]
    assert max(late) < clock.now() - 3500
    assert late == sorted(late, reverse=True)


def test_regions_and_clusters_are_apart(shop: Shop, client: Any) -> None:
    shop.create()
    shop.ecs.create_cluster(clusterName="other")
    tokyo = client("ecs", "ap-northeast-1")
    tokyo.create_cluster(clusterName="shop")
    assert tokyo.describe_services(cluster="shop", services=["api"])["failures"][0]["reason"] == "MISSING"
    assert shop.ecs.list_tasks(cluster="other")["taskArns"] == []
    counts = shop.ecs.describe_clusters(clusters=["shop", "other"])["clusters"]
    assert [(each["activeServicesCount"], each["runningTasksCount"]) for each in counts] == [(1, 2), (0, 0)]
