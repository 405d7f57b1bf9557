"""EventBridge rules that bring what happens in a region to the queue of its alarms. Nobody makes them by default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.seed.account import ACCOUNT, QUEUE, Account, queue_address

ALARM_RULE, ECS_RULE = "runbook-alarm-events", "runbook-ecs-events"

PATTERNS: Mapping[str, Mapping[str, Any]] = {
    ALARM_RULE: {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change"],
    },
    # As docs/operating.md has it: what is neither trouble nor the end of one nobody need read.
    ECS_RULE: {
        "source": ["aws.ecs"],
        "$or": [
            {
                "detail": {
                    "eventName": ["SERVICE_DEPLOYMENT_FAILED", "SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_STEADY_STATE"]
                }
            },
            {"detail": {"eventType": ["ERROR", "WARN"]}},
            {"detail": {"stopCode": ["EssentialContainerExited", "TaskFailedToStart"], "lastStatus": ["STOPPED"]}},
        ],
    },
}


def listen_to_events(account: Account, region: str, *names: str) -> None:
    """Make these rules of ``PATTERNS`` (all, when none is named) and let them send to the region's alarm queue."""
    events, sqs = account.client("events", region), account.client("sqs", region)
    queue_arn = f"arn:aws:sqs:{region}:{ACCOUNT}:{QUEUE}"
    address = queue_address(region, QUEUE)
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["Policy"])["Attributes"]["Policy"])
    for name in names or PATTERNS:
        rule = events.put_rule(Name=name, EventPattern=json.dumps(PATTERNS[name]))["RuleArn"]
        events.put_targets(Rule=name, Targets=[{"Id": QUEUE, "Arn": queue_arn}])
        policy["Statement"].append(
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            }
        )
    sqs.set_queue_attributes(QueueUrl=address, Attributes={"Policy": json.dumps(policy)})
