"""Measurements, one program a file: `make bench` runs all, `python -m benchmarks.NAME` one."""
