"""Answers without the client's tokens in them, whoever carried the request.

Pure. It knows nothing of how a request is sent.
"""

from __future__ import annotations

from hubbatch._http.redaction import Redactor
from hubbatch._protocol.exchange import NoReply, Reply

__all__ = ["ReplyRedaction"]

_TOKENS = 8
"""Tokens that are kept out of replies: those used last, for a reply may still tell an earlier one."""


class ReplyRedaction:
    """Remembers the tokens that requests were sent with, and takes them out of answers."""

    def __init__(self) -> None:
        self._tokens: list[str] = []
        self._redactor = Redactor()

    def __repr__(self) -> str:
        return "ReplyRedaction()"

    def remember(self, token: str) -> None:
        """Keep a token out of the answers, also of those to come."""
        if token in self._tokens:
            return
        self._tokens = [*self._tokens[1 - _TOKENS :], token]
        self._redactor = Redactor(self._tokens)

    def redact(self, answer: Reply | NoReply) -> Reply | NoReply:
        """Return an answer without the tokens; the very same object if it holds none."""
        redactor = self._redactor
        if isinstance(answer, NoReply):
            reason = redactor.redact_text(answer.reason)
            return answer if reason == answer.reason else NoReply(answer.sent, reason)
        body = redactor.redact(answer.body)
        lines = "\n".join(f"{name}\n{value}" for name, value in answer.headers.items())
        if body is answer.body and redactor.redact_text(lines) == lines:
            return answer
        headers = {
            redactor.redact_text(name): redactor.redact_text(value)
            for name, value in answer.headers.items()
        }
        return Reply(answer.status, headers, body, redacted=True)
