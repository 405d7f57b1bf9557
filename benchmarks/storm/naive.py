"""What many teams begin with: every notification of the queue becomes a message of its own."""

from __future__ import annotations

import json
import os
import time

import boto3
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError


def main() -> None:
    """Until it is ended. A channel that is full is tried again when Slack says so."""
    sqs = boto3.client("sqs", region_name=os.environ["AWS_DEFAULT_REGION"])
    queue = os.environ["NAIVE_QUEUE"]
    slack = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    while True:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in answer.get("Messages", []):
            told = json.loads(json.loads(message["Body"])["Message"])
            said = f"{told['NewStateValue']}: {told['AlarmName']}\n{told['NewStateReason']}"
            while not _posted(slack, os.environ["NAIVE_CHANNEL"], said):
                pass
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def _posted(slack: WebClient, channel: str, text: str) -> bool:
    try:
        slack.chat_postMessage(channel=channel, text=text)
    except SlackApiError as error:
        if error.response.status_code != 429:
            raise
        time.sleep(float(error.response.headers["Retry-After"]))
        return False
    return True


if __name__ == "__main__":
    main()
