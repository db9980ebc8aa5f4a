"""What hubbatch costs in CPU beside a loop written by hand, and how well it uses a quota: `python -m benchmarks`."""
