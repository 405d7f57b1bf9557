"""Runnable comparisons; the results are checked in with the machine they came from."""
