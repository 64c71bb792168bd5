"""Bots, load generation and measurements: `python -m benchmarks`."""
