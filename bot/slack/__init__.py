"""Slack: Bolt in, messages out. The only place that knows slack_bolt and slack_sdk."""
