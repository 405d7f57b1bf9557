"""How fast log lines are redacted and grouped, and into which groups, beside drain3."""
