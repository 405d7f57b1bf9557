"""An alarm on a metric, a topic it tells, and a queue that listens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.aws.server import AwsServer

Client = Callable[..., Any]
DIMENSIONS = [{"Name": "ServiceName", "Value": "api"}]


class Room:
    """An alarm on a metric, a topic it tells, and a queue that listens."""

    def __init__(self, client: Client, aws: AwsServer) -> None:
        self.cloudwatch, self.sqs, self.aws = client("cloudwatch"), client("sqs"), aws
        sns = client("sns")
        self.topic = sns.create_topic(Name="alarms")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="bot")["QueueUrl"]
        wanted = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=wanted["Attributes"]["QueueArn"])

    def alarm(self, **settings: Any) -> None:
        usual = {
            "AlarmName": "api-errors",
            "Namespace": "Shop",
            "MetricName": "Errors",
            "Dimensions": DIMENSIONS,
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 5,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [self.topic],
            "OKActions": [self.topic],
        }
        given = {key: value for key, value in {**usual, **settings}.items() if value is not None}
        self.cloudwatch.put_metric_alarm(**given)

    def put(self, value: float, name: str = "Errors") -> None:
        entry = {"MetricName": name, "Dimensions": DIMENSIONS, "Value": value}
        self.cloudwatch.put_metric_data(Namespace="Shop", MetricData=[entry])
        self.aws.tick()

    def state(self, name: str = "api-errors") -> dict[str, Any]:
        found = self.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return dict((found["MetricAlarms"] + found["CompositeAlarms"])[0])

    def state_of_logs(self, name: str) -> dict[str, Any]:
        (found,) = self.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["LogAlarm"])["LogAlarms"]
        return dict(found)

    def envelopes(self) -> list[dict[str, Any]]:
        found = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(envelope["Message"]) for envelope in self.envelopes()]
