"""Searching logs: what people type, as CloudWatch's two query languages and as a test of a line; and what was found."""
