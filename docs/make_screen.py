"""Draw docs/load.svg from a real load on a terminal of 80 columns: python docs/make_screen.py."""  # noqa: INP001

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from hubbatch import RateLimit
from hubbatch.sandbox import Sandbox

_WIDTH = 80
_RECORDS = 60_000
_BAD = {777, 31_337}
_COMMAND = ("upsert", "contacts", "people.csv", "--id-property", "email", "--rejects", "bad.csv")
_ERASED = re.compile(r"(?:\x1b\[2K|\x1b\[1A|\r)+")
_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""They would be fetched from elsewhere."""


def _people(path: Path) -> None:
    rows = (
        f"{'nobody' if n in _BAD else f'p{n}@example.com'},Person {n}\n" for n in range(_RECORDS)
    )
    path.write_text("email,firstname\n" + "".join(rows))


def _shown(folder: str, url: str) -> str:
    """Return what the command writes to its terminal."""
    terminal, line = pty.openpty()
    environment = {**os.environ, "HUBSPOT_ACCESS_TOKEN": "made-up", "COLUMNS": str(_WIDTH)}
    command = [sys.executable, "-m", "hubbatch", *_COMMAND, "--base-url", url]
    with subprocess.Popen(  # noqa: S603 (it is our own)
        command, cwd=folder, env=environment, stdout=line, stderr=line
    ):
        os.close(line)
        parts = []
        try:
            while part := os.read(terminal, 65_536):
                parts.append(part)
        except OSError:  # its end on Linux
            pass
    os.close(terminal)
    return b"".join(parts).decode()


def _scenes(text: str, url: str) -> str:
    """Return one look at the progress, and the end."""
    *frames, end = [part for part in _ERASED.split(text.replace("\r\n", "\n")) if part.strip()]
    frame = frames[len(frames) * 2 // 3]
    end = re.sub(r"\x1b\[\?25[hl]", "", end)
    end = re.sub(rf" \\\n\s+--base-url {re.escape(url)}", "", end).replace(f" --base-url {url}", "")
    return f"$ hubbatch {' '.join(_COMMAND)}\n{frame.rstrip()}\n\n{end.rstrip()}\n"


def main() -> None:
    """Draw the picture."""
    sandbox = Sandbox(rate_limit=RateLimit(190, 10.0), latency=0.1)
    with tempfile.TemporaryDirectory() as folder, sandbox.in_thread():
        _people(Path(folder, "people.csv"))
        text = _scenes(_shown(folder, sandbox.base_url), sandbox.base_url)
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=_WIDTH, file=nowhere, force_terminal=True)
        console.print(Text.from_ansi(text), soft_wrap=True)
        picture = console.export_svg(title="hubbatch", unique_id="load")
    Path(__file__).with_name("load.svg").write_text(_FONTS.sub("", picture))


if __name__ == "__main__":
    main()
