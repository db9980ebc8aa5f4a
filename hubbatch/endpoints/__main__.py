"""Print the reference page of the docs: `python -m hubbatch.endpoints > docs/endpoints.md`."""

from __future__ import annotations

import sys

from hubbatch.endpoints._reference import reference

if __name__ == "__main__":
    sys.stdout.write(reference())
