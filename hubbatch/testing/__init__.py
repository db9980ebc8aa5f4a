"""What a test of your own code needs: transports in memory, and time that takes none.

The service is down for five minutes here, and the test takes milliseconds:

```python
from hubbatch import Client, RetryPolicy
from hubbatch.sandbox import FaultKind, Sandbox
from hubbatch.testing import SandboxTransport, virtual_time


@virtual_time
async def test_five_minutes_of_outage_lose_nothing():
    sandbox = Sandbox(faults=lambda request: FaultKind.UNAVAILABLE if request.at < 300 else None)
    people = [{"email": f"p{number}@example.com"} for number in range(1_000)]
    patient = RetryPolicy(max_elapsed=900)
    async with Client("any-token", transport=SandboxTransport(sandbox), retry=patient) as client:
        outcome = await client.create("contacts", people)
    assert outcome.counts.succeeded == len(sandbox.objects("contacts")) == 1_000
```

`SandboxTransport` carries requests into a sandbox's account, `ScriptedTransport` answers what you write down. Both are
for `Client(transport=…)`, in virtual time or real. `reply`, `error_reply`, `accept_all` and `NoReply` make a script,
and `inputs_of` reads what was asked. Nothing here is loaded by `import hubbatch`.
"""

from hubbatch import NoReply, Reply, Request
from hubbatch.testing._replies import accept_all, error_reply, inputs_of, reply
from hubbatch.testing._sandbox_transport import SandboxTransport
from hubbatch.testing._scripted_transport import ScriptedTransport, ScriptExhaustedError
from hubbatch.testing._virtual_time import (
    DeadlockError,
    TasksLeftBehindError,
    VirtualTimeLoop,
    run_in_virtual_time,
    virtual_time,
    wall_clock,
)

__all__ = [
    "DeadlockError",
    "NoReply",
    "Reply",
    "Request",
    "SandboxTransport",
    "ScriptExhaustedError",
    "ScriptedTransport",
    "TasksLeftBehindError",
    "VirtualTimeLoop",
    "accept_all",
    "error_reply",
    "inputs_of",
    "reply",
    "run_in_virtual_time",
    "virtual_time",
    "wall_clock",
]
