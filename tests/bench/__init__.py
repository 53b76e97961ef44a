"""Benchmarks: `make bench`. Each measures several times and compares within one run."""
