"""How alarms come in: SNS over SQS or HTTPS, verified where it must be, and any text read as an alarm."""
