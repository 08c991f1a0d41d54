"""Measured work, beside peers, in one run: `python -m benchmarks submit start`."""
