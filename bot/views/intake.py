"""What people are told about the intake itself."""

from __future__ import annotations

from bot.ports import Message
from bot.views import blocks as b


def dead_letters(name: str, arn: str, many: int, source: str) -> Message:
    """How many messages lie in a dead-letter queue, and how they come back."""
    if many == 0:
        text = f":white_check_mark: The dead-letter queue {b.code(name)} is empty again."
        return Message(text=text, blocks=(b.section(text),))
    what = "1 message" if many == 1 else f"{many:,} messages"
    text = f":warning: {what} could not be taken from {b.code(source)} and lie in its dead-letter queue {b.code(name)}."
    told = "Among them may be alarms nobody has seen. The bot's log says why; when that is mended, send them again:"
    command = f"aws sqs start-message-move-task --source-arn {arn}"
    return Message(text=text, blocks=(b.section(text), b.section(told), b.section(b.pre([command], 500))))


def raw_delivery(topic: str, subscription: str) -> Message:
    """That messages of a subscription cannot be verified, and how that is mended; its ARN may be unknown."""
    name = b.code(topic.rpartition(":")[2])
    text = f":warning: A subscription of {name} sends raw messages; they cannot be verified and are refused."
    told = (
        "Raw messages carry no signature, so anybody could have written them. Among them may be alarms nobody has seen."
        " Turn RawMessageDelivery off:"
    )
    command = (
        f"aws sns set-subscription-attributes --subscription-arn {subscription or 'SUBSCRIPTION'}"
        " --attribute-name RawMessageDelivery --attribute-value false"
    )
    rest = (
        () if subscription else (b.section(f"`aws sns list-subscriptions-by-topic --topic-arn {b.esc(topic, 400)}`"),)
    )
    return Message(text=text, blocks=(b.section(text), b.section(told), b.section(b.pre([command], 700)), *rest))
