"""What the gateway answers about consoles: the page, and the requests behind its buttons.

Every POST is checked like a guest's (`bidder.web.pages`): from a page of this gateway, in JSON, bounded. A console has
another cookie than a guest, so that one browser may have both.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bidder.web.console.consoles import Consoles, Entered
from bidder.web.console.limits import COMMAND_BYTES_MAX, CONSOLE_MS_MAX, HAND_OVER_MS
from bidder.web.console.line import Answer
from bidder.web.host import Refusal
from common.errors import CommandRefusedError, RejectCode

COOKIE: Final = "console"
SECURE_COOKIE: Final = "__Host-console"
_ATTEMPTS: Final = ("enter", "take_over", "unlock")


class Work(Protocol):
    """Answers one POST whose body may count."""

    async def __call__(self, request: Request, body: bytes) -> Response:
        """Return the answer. Raises Refusal."""


class Posting(Protocol):
    """Makes an endpoint of a work."""

    def __call__(self, work: Work, bytes_max: int, *, is_attempt: bool) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint; `is_attempt` says that a stranger may try it, so that its rate has a bound."""


class _Enter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    link: str


class _Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pin: str


class _Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str


class ConsoleRoutes:
    """The endpoints of the consoles. `cookie_of` returns a browser's cookie of one of these names."""

    def __init__(self, consoles: Consoles, cookie_of: Callable[..., str]) -> None:
        self._consoles = consoles
        self._cookie_of = cookie_of

    def routes(self, post: Posting) -> list[Route]:
        """Return the routes."""
        works: dict[str, Work] = {
            "enter": self._enter,
            "myself": self._myself,
            "command": self._command,
            "lock": self._lock,
            "unlock": self._unlock,
            "hand_over": self._hand_over,
            "take_over": self._take_over,
            "leave": self._leave,
        }
        return [
            Route(f"/api/console/{name}", post(work, COMMAND_BYTES_MAX, is_attempt=name in _ATTEMPTS), methods=["POST"])
            for name, work in works.items()
        ]

    async def _enter(self, request: Request, body: bytes) -> Response:
        return _entered(request, await self._consoles.enter(_read(body, _Enter).link))

    async def _myself(self, request: Request, body: bytes) -> Response:  # noqa: ARG002 -- one signature for all
        return JSONResponse(await self._consoles.myself(self._cookie(request)))

    async def _command(self, request: Request, body: bytes) -> Response:
        answer = await self._consoles.command(self._cookie(request), _read(body, Any))
        return Response(msgspec.json.encode(_explained(answer)), media_type="application/json")

    async def _lock(self, request: Request, body: bytes) -> Response:
        await self._consoles.lock(self._cookie(request), _read(body, _Pin).pin)
        return JSONResponse({"is_locked": True})

    async def _unlock(self, request: Request, body: bytes) -> Response:
        await self._consoles.unlock(self._cookie(request), _read(body, _Pin).pin)
        return JSONResponse({"is_locked": False})

    async def _hand_over(self, request: Request, body: bytes) -> Response:  # noqa: ARG002 -- as above
        return JSONResponse({"code": self._consoles.hand_over(self._cookie(request)), "expires_in_ms": HAND_OVER_MS})

    async def _take_over(self, request: Request, body: bytes) -> Response:
        return _entered(request, await self._consoles.take_over(_read(body, _Code).code))

    async def _leave(self, request: Request, body: bytes) -> Response:  # noqa: ARG002 -- as above
        await self._consoles.leave(self._cookie(request))
        answer = JSONResponse({})
        answer.delete_cookie(COOKIE, path="/")
        answer.delete_cookie(SECURE_COOKIE, path="/", secure=True)
        return answer

    def _cookie(self, request: Request) -> str:
        return self._cookie_of(request, SECURE_COOKIE, COOKIE)


def _entered(request: Request, entered: Entered) -> Response:
    report = entered.myself.get("report") or {}
    answer = JSONResponse({**report, "is_locked": False})
    is_secure = request.scope["scheme"] == "https"
    answer.set_cookie(
        SECURE_COOKIE if is_secure else COOKIE,
        entered.cookie,
        max_age=CONSOLE_MS_MAX // 1000,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="strict",
    )
    return answer


def _explained(answer: Answer) -> Answer:
    """Return an answer of the house; a refusal also with what happened and what to do, in a sentence."""
    if answer.get("type") != "rejected":
        return answer
    try:
        refused = CommandRefusedError(RejectCode(answer["code"]), answer.get("detail", ""))
    except ValueError:  # a later house may have a code that this gateway does not know
        return answer
    return {**answer, "message": str(refused)}


def _read(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:  # RecursionError: [[[[… in a command
        raise Refusal(400, "malformed", f"That is no request of this page: {error}.") from error
