"""A pretend Slack workspace, AWS account and PagerDuty that the real bot runs against.

Nothing under ``bot/``, ``commands/`` or ``alerts/`` imports this package: the bot reaches it only through
knobs that real users have too (Slack's base URL, ``AWS_ENDPOINT_URL``, an HTTP proxy and a CA file).
"""
