"""The command line `hubbatch`, built on the public face of the library; it needs the extra `cli`.

`_app` lists the commands. `_verbs` and `_settings` hold the options of create, update, upsert and archive,
`_executing` and `_load*` carry them out; `_reading` and `_read_out` are `read`, `_exporting` (options) and
`_export_run` are `export`, `_resuming` and `_journal_files` are `resume` and `journal`, `_trials` and `_demo*` need
no account. `_watching` shows progress, `_summary` and `_report` the end.
"""

import io
import sys

__all__ = ["main"]

_EXTRA = frozenset({"rich", "typer"})


def main() -> None:
    """Run the command line and exit with its code: 0 fine, 1 some records failed, 2 usage, 3 stopped."""
    try:
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
    except OSError as error:  # of standard output: a help text that nobody can take
        from hubbatch.cli._outputs import leave  # noqa: PLC0415 (as above)

        leave(sys.stdout)
        sys.stderr.write(f"error: cannot write: {error.strerror}\n")
        sys.exit(3)
