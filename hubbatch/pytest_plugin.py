"""The fixture `hubspot_sandbox`: a HubSpot stand-in for any test, synchronous or not.

It knows nothing of event loops or async plugins: the sandbox runs in a thread of its own, and
nothing heavy is imported before a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hubbatch.sandbox import Sandbox

__all__ = ["hubspot_sandbox", "pytest_configure"]

_MARKER = "hubspot_sandbox"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker that sets the sandbox's options."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(**options): options of hubbatch.sandbox.Sandbox for the {_MARKER} fixture, "
        "such as rate_limit=RateLimit(5, 1.0) or faults=[...].",
    )


@pytest.fixture
def hubspot_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Give the test a running `Sandbox`, without latency or rate limit, stopped at its end.

    `@pytest.mark.hubspot_sandbox(rate_limit=..., faults=[...])` sets any option of `Sandbox`;
    where a class and a method both carry the mark, the method's options win.
    """
    from hubbatch.sandbox import Sandbox  # noqa: PLC0415 (loaded only for a test)

    options: dict[str, object] = {"latency": 0.0, "rate_limit": None}
    for mark in reversed(list(request.node.iter_markers(_MARKER))):
        if mark.args:
            raise pytest.UsageError(
                f"@pytest.mark.{_MARKER} takes keyword options only: {mark.args!r}"
            )
        options |= mark.kwargs
    with Sandbox(**options).in_thread() as sandbox:  # type: ignore[arg-type]
        yield sandbox
