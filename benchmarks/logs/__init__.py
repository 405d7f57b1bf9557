"""How long an answer of ``/logs`` takes, beside awslogs."""
