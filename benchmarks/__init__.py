"""What hubbatch costs, how it uses a quota and what it holds, beside other ways: `python -m benchmarks`."""
