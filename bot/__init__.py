"""The engine of runbook-bot; features live in ``commands`` and ``alerts``."""
