"""What holds for all tests."""

import asyncio

# pytest-asyncio leaves the loop that it finds here unclosed when a synchronous test runs first.
asyncio.set_event_loop(None)
