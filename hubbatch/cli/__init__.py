"""The command line `hubbatch`, built on the public face of the library; it needs the extra `cli`.

`_app` lists the commands. `_verbs` and `_settings` hold the options of create, update, upsert and archive,
`_executing` and `_load*` carry them out; `_reading` and `_read_out` are `read`, `_exporting` (options) and
`_export_run` are `export`, `_resuming` and `_journal_files` are `resume` and `journal`, `_trials` and `_demo*` need
no account. `_watching` shows progress, `_summary` and `_report` the end.
"""

import io
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["main"]

_EXTRA = frozenset({"rich", "typer"})


_INTERRUPTED = 130
"""What a shell says of a program that SIGINT ends."""


def main() -> None:
    """Run the command line and exit with its code: 0 fine, 1 some records failed, 2 usage, 3 stopped."""
    try:
        with _ended_by_interrupts():
            import rich  # noqa: F401, PLC0415 (commands load the rest of it when they run)

            from hubbatch.cli._app import app  # noqa: PLC0415 (it needs the extra)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write("The command line needs its extra: pip install 'hubbatch[cli]'\n")
        sys.exit(2)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr: no name breaks a report
    try:
        app(prog_name="hubbatch")
    except KeyboardInterrupt:  # before there is a command that says how far it has come
        sys.exit(_INTERRUPTED)
    except OSError as error:  # of standard output: a help text that nobody can take
        from hubbatch.cli._outputs import leave  # noqa: PLC0415 (as above)

        leave(sys.stdout)
        sys.stderr.write(f"error: cannot write: {error.strerror}\n")
        sys.exit(3)


@contextmanager
def _ended_by_interrupts() -> Iterator[None]:
    """Let Ctrl-C end the process as the system does, without a traceback of whatever is being imported."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # signals are somebody else's, or ignored
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
