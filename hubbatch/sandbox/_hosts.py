"""Which `Host` a request may name: what a browser was lured to by a foreign name must not reach the sandbox.

A pure function of two texts (DNS rebinding: a web page lets its own name lead to 127.0.0.1).
"""

from __future__ import annotations

import ipaddress

__all__ = ["is_own_host"]

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 (compared, not listened on)


def is_own_host(header: str, host: str) -> bool:
    """Tell whether a `Host` header names this machine or the host that the server listens on.

    A server that listens everywhere is its own host under any address, but under no name but `localhost`.
    """
    name = _without_port(header)
    return name in _LOCAL or name == host.lower() or (host in _EVERYWHERE and _is_address(name))


def _without_port(header: str) -> str:
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
