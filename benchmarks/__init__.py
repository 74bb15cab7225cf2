"""Benchmarks: figures for whoever asks, by `python -m benchmarks`; no test depends on them.

One module per case; each has `figures`, which yields what it measured as it goes.
"""
