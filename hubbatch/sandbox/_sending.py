"""How an answer goes out on its connection: whole, cut off, or with something after it that nobody asked for.

It does what the answer says and decides nothing.
"""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from hubbatch.sandbox._exchange import Answer, Cut

__all__ = ["send"]

_NO_LINGER = struct.pack("ii", 1, 0)


async def send(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send an answer, or as much of it as is to be sent."""
    if answer.cut is not Cut.NONE:
        return await _break_off(request, answer)
    response = web.Response(status=answer.status, headers=answer.headers, body=answer.body or None)
    if answer.surplus or answer.closes:
        await _add(response, request, answer)
    return response


async def _add(response: web.Response, request: web.Request, answer: Answer) -> None:
    """Send the response, and what follows it unasked: a second one, or the end of the connection."""
    await response.prepare(request)
    await response.write_eof()
    if answer.surplus_delay:
        await asyncio.sleep(answer.surplus_delay)
    transport = request.transport
    if transport is None:  # pragma: no cover (the client was faster)
        return
    transport.write(answer.surplus)
    if answer.closes:
        transport.close()


async def _break_off(request: web.Request, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    transport = request.transport
    if transport is None:  # pragma: no cover (the client was faster)
        return response
    if answer.cut is Cut.MID_BODY:
        response.content_length = len(answer.body)
        await response.prepare(request)
        await response.write(answer.sent)
    else:
        # Without lingering, the client sees a reset instead of an orderly end.
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
        )
    transport.abort()
    return response
