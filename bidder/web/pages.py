"""What the gateway answers to HTTP: the pages, their files, and the few requests by which a guest joins.

Rules:

- Every answer has the headers that bound what a browser does with it: no script, frame or connection but from here.
- A POST counts only from a page of this gateway (`origins`), in JSON, within the size and the rate of `limits`.
- The cookie is out of reach for scripts, and new with each join and each move. A browser's own value never counts.
"""

import io
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from gzip import compress
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

import msgspec
import segno
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bidder.core.notices import ConnectionState
from bidder.web.assets import Asset, Assets, asset_of
from bidder.web.attending import Attendance
from bidder.web.console.consoles import Consoles
from bidder.web.console.routes import ConsoleRoutes, Work
from bidder.web.documents import lot_page, results_page
from bidder.web.first_screen import Asked, FirstScreen, Seen, current_lot
from bidder.web.host import TOKEN_BYTES, Host, JoinRequest, Received, Refusal
from bidder.web.limits import ADDRESSES_MAX, BODY_BYTES_MAX, COOKIE_S, JOINS_PER_MINUTE_MAX, MOVE_CODE_MS
from bidder.web.origins import Headers, Origins, header
from bidder.web.paper import Paper
from bidder.web.quotas import RatePerKey
from bidder.web.words import CHOSEN_WORDS, LANGUAGE_COOKIE, language_of
from common.errors import StorageError
from common.limits import INVITE_CHARS_MAX

COOKIE: Final = "guest"
SECURE_COOKIE: Final = "__Host-guest"
"""The name over TLS: a browser then takes the cookie only from this very host, and only when it is secure."""
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS_MAX: Final = 8
_FOREVER: Final = "public, max-age=31536000, immutable"
"""For files whose name changes with their content."""
_LANGUAGE_VARIES: Final = "accept-encoding, accept-language, cookie"
_QUICKLY: Final = 5
"""How hard a page is packed that is made for each browser."""
_NO_TEXT: Final = "There is no such page here."
_INVITE_SYMBOLS: Final = "-_.~"


class Around(Protocol):
    """What the pages need of the gateway."""

    origins: Origins
    host: Host
    assets: Assets
    consoles: Consoles
    url: str
    """The address at which guests open the gateway."""

    def paper(self) -> Paper | None:
        """Return the sale for a printed page; None before it is known."""

    def now_ms(self) -> int:
        """Return the time of a steady clock."""


class Pages:
    """The application behind everything but `/live`."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._joins = RatePerKey(JOINS_PER_MINUTE_MAX, ADDRESSES_MAX)
        self._first = FirstScreen()
        self._scripts = {name: asset_of(name, script) for name, script in self._first.scripts.items()}
        self.app = Starlette(
            routes=[
                Route("/", self._phone),
                Route("/join", self._phone),
                Route("/join", self._post(self._join_by_form, kind=_FORM), methods=["POST"]),
                Route("/board", self._page("board.html")),
                Route("/static/{name:path}", self._static),
                Route("/images/{name:path}", self._image),
                Route("/lots/{number}", self._lot),
                Route("/results", self._results),
                Route("/qr.svg", self._qr),
                Route("/api/address", self._address),
                Route("/api/join", self._post(self._join), methods=["POST"]),
                Route("/api/accept", self._post(self._accept), methods=["POST"]),
                Route("/api/move", self._post(self._move), methods=["POST"]),
                Route("/api/arrive", self._post(self._arrive), methods=["POST"]),
                Route("/console", self._page("console.html")),
                *ConsoleRoutes(around.consoles, _cookie_named).routes(self._post),
            ],
            exception_handlers={404: _not_found},
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request, with the headers that every answer has."""
        headers = scope["headers"]
        caller = self._around.origins.caller(headers, (scope["client"] or ("", 0))[0], scope["scheme"])
        policy = self._policy()

        async def send_bounded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_bounds(policy, caller.scheme)]
            await send(message)

        scope = {**scope, "scheme": caller.scheme, "auction.address": caller.address}
        if not self._around.origins.is_known_host(headers):
            await Response(
                "This gateway does not go by that name. Open it by its address, or start it with --public-url.",
                status_code=421,
                media_type="text/plain",
            )(scope, receive, send_bounded)
            return
        await self.app(scope, receive, send_bounded)

    def _policy(self) -> str:
        return (
            f"default-src 'self'; {self._first.policy}img-src 'self' data: {self._around.host.sale.pictures.policy}; "
            "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )

    def _images(self) -> list[str]:
        return [view.terms.image for view in self._around.host.sale.lots.values() if view.terms.image]

    # --- pages ------------------------------------------------------------------------------------------------------

    def _page(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def page(request: Request) -> Response:
            return _served(request, self._around.assets.static(name))

        return page

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name in self._scripts:
            return _served(request, self._scripts[name], _FOREVER)
        if name == CHOSEN_WORDS:
            asset = self._around.assets.static(f"words/{_language(request)}.js")
            return _served(request, asset, vary=_LANGUAGE_VARIES)
        return _served(request, self._around.assets.static(name))

    async def _phone(self, request: Request) -> Response:
        is_guest = self._around.host.knows(cookie_of(request.scope["headers"]))
        return self._first_screen(request, None if is_guest else Asked(secrets.token_hex(TOKEN_BYTES)))

    def _first_screen(self, request: Request, asked: Asked | None, status: int = 200) -> Response:
        """Return the phone's page as the sale is now. What a guest typed is in it only if it is not packed."""
        paper = self._around.paper()
        seen = None if paper is None else Seen(*paper[:4], paper.now_ms)
        is_join = request.url.path == "/join"
        content = self._first.page(_language(request), seen, asked, self._picture_of(seen), is_join=is_join).encode()
        headers = {"cache-control": "private, no-cache", "vary": _LANGUAGE_VARIES}
        if not is_join and "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"], content = "gzip", compress(content, _QUICKLY)
        return HTMLResponse(content, status_code=status, headers=headers)

    def _picture_of(self, seen: Seen | None) -> str | None:
        """Return the address of the current lot's picture as its script has it; None if it has none."""
        lot = None if seen is None else current_lot(seen.lots)
        return None if lot is None else self._around.host.sale.pictures.address(lot.terms.image)

    async def _image(self, request: Request) -> Response:
        return _served(request, self._around.assets.picture(request.path_params["name"], self._images()))

    async def _lot(self, request: Request) -> Response:
        paper, number = self._around.paper(), request.path_params["number"]
        if paper is None:
            return _not_known()
        if number not in paper.lots:
            return _not_found_page()
        return HTMLResponse(lot_page(paper, number))

    async def _results(self, request: Request) -> Response:  # noqa: ARG002 -- Starlette's signature
        paper = self._around.paper()
        return _not_known() if paper is None else HTMLResponse(results_page(paper))

    async def _qr(self, request: Request) -> Response:
        invite = request.query_params.get("invite", "")
        if len(invite) > INVITE_CHARS_MAX or not all(
            one.isascii() and (one.isalnum() or one in _INVITE_SYMBOLS) for one in invite
        ):
            return Response("That is no invite code.", status_code=400, media_type="text/plain")
        picture = io.BytesIO()
        segno.make(join_url(self._around.url, invite), error="m", micro=False).save(
            picture, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=2
        )
        return Response(picture.getvalue(), media_type="image/svg+xml")

    async def _address(self, request: Request) -> Response:  # noqa: ARG002 -- Starlette's signature
        return JSONResponse({"url": self._around.url})

    # --- joining ----------------------------------------------------------------------------------------------------

    def _post(
        self, work: Work, bytes_max: int = BODY_BYTES_MAX, *, is_attempt: bool = True, kind: str = _JSON
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint. `is_attempt` says that a stranger may try it, so that its rate has a bound by address."""

        async def post(request: Request) -> Response:
            try:
                return await work(request, await self._checked(request, bytes_max, kind, is_attempt=is_attempt))
            except Refusal as refusal:
                fields = {"code": refusal.code, "message": str(refusal), **refusal.more}
                return JSONResponse(fields, status_code=refusal.status)
            except StorageError:
                message = "The gateway can't store anything now. Ask the auctioneer."
                return JSONResponse({"code": "storage", "message": message}, status_code=503)

        return post

    async def _checked(self, request: Request, bytes_max: int, kind: str, *, is_attempt: bool) -> bytes:
        """Return the body of a POST that may count. Raises Refusal."""
        headers: Headers = request.scope["headers"]
        if not self._around.origins.is_own_page(headers, request.scope["scheme"]):
            raise Refusal(403, "bad_origin", "Only a page of this gateway may ask this.")
        if header(headers, b"content-type").partition(";")[0].strip().lower() != kind:
            raise Refusal(415, "malformed", f"Send {kind}.")
        if is_attempt and not self._joins.spend(request.scope["auction.address"], self._around.now_ms()):
            raise Refusal(429, "slow_down", "Too many attempts from here. Wait a minute, then try again.")
        body = bytearray()
        try:
            async for part in request.stream():
                body += part
                if len(body) > bytes_max:
                    raise Refusal(413, "too_large", "That is too much.")
        except ClientDisconnect:
            raise Refusal(400, "malformed", "The request ended early.") from None
        return bytes(body)

    async def _join(self, request: Request, body: bytes) -> Response:
        asked = _decoded(body, JoinRequest)
        received = await self._around.host.join(asked, cookie_of(request.scope["headers"]))
        return self._received(request, received)

    async def _join_by_form(self, request: Request, body: bytes) -> Response:
        """Let a guest join by the form of the page, before its script is there."""
        try:
            typed = dict(parse_qsl(body.decode(), max_num_fields=_FIELDS_MAX))
        except ValueError as error:
            raise Refusal(400, "malformed", f"That is no form of this page: {error}.") from error
        name, code, attempt = (typed.get(field, "").strip() for field in ("name", "code", "attempt"))
        asked = JoinRequest(attempt, name, code=code, accepts=typed.get("accepts", ""))
        try:
            received = await self._around.host.join(asked, cookie_of(request.scope["headers"]))
        except Refusal as refusal:
            if refusal.code == "already_joined":
                return RedirectResponse("/", status_code=303)
            conditions, digest = refusal.more.get("text", ""), refusal.more.get("digest", "")
            fault = "" if conditions else refusal.code
            again = Asked(attempt, name, code, fault, str(refusal), conditions, digest)
            return self._first_screen(request, again, refusal.status)
        answer = RedirectResponse("/", status_code=303)
        self._set_cookie(request, answer, received)
        return answer

    async def _accept(self, request: Request, body: bytes) -> Response:
        asked = _decoded(body, _Accept)
        attendance = await self._around.host.accept(cookie_of(request.scope["headers"]), asked.digest)
        return JSONResponse(_status(attendance))

    async def _move(self, request: Request, body: bytes) -> Response:
        _decoded(body, _Nothing)
        code = self._around.host.move(cookie_of(request.scope["headers"]))
        return JSONResponse({"code": code, "expires_in_ms": MOVE_CODE_MS})

    async def _arrive(self, request: Request, body: bytes) -> Response:
        return self._received(request, await self._around.host.arrive(_decoded(body, _Arrive).code))

    def _received(self, request: Request, received: Received) -> Response:
        attendance = received.attendance
        is_in = attendance.state is not ConnectionState.AWAITING_APPROVAL
        answer = JSONResponse(_status(attendance), status_code=200 if is_in else 202)
        self._set_cookie(request, answer, received)
        return answer

    def _set_cookie(self, request: Request, answer: Response, received: Received) -> None:
        is_secure = request.scope["scheme"] == "https"
        answer.set_cookie(
            SECURE_COOKIE if is_secure else COOKIE,
            received.cookie,
            max_age=COOKIE_S,
            path="/",
            secure=is_secure,
            httponly=True,
            samesite="strict",
        )


class _Accept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    digest: str


class _Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Arrive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str


def _decoded(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refusal(400, "malformed", f"That is no request of this page: {error}.") from error


def cookie_of(headers: Headers) -> str:
    """Return the cookie by which a browser shows whose it is; an empty text if it has none."""
    return _cookie_in(headers, SECURE_COOKIE, COOKIE)


def _cookie_named(request: Request, *names: str) -> str:
    return _cookie_in(request.scope["headers"], *names)


def _cookie_in(headers: Headers, *names: str) -> str:
    """Return the value of the first of these cookies that a browser has; an empty text if it has none."""
    try:
        jar = SimpleCookie(header(headers, b"cookie"))
    except CookieError:
        return ""
    return next((jar[name].value for name in names if name in jar), "")


def join_url(url: str, invite: str = "", code: str = "") -> str:
    """Return the address that a guest opens. What is secret stands in the fragment, which no browser sends."""
    fragment = f"#invite={invite}" if invite else f"#code={code}" if code else ""
    return f"{url}{fragment}"


def _status(attendance: Attendance) -> Mapping[str, Any]:
    return {"name": attendance.name, "paddle": attendance.paddle, "state": attendance.state.value}


def _bounds(policy: str, scheme: str) -> list[tuple[bytes, bytes]]:
    bounds = [
        (b"content-security-policy", policy.encode("latin-1")),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),  # without any, a form's origin would be "null", too
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    ]
    if scheme == "https":
        bounds.append((b"strict-transport-security", b"max-age=31536000"))
    return bounds


def _language(request: Request) -> str:
    chosen = _cookie_in(request.scope["headers"], LANGUAGE_COOKIE)
    return language_of(chosen, request.headers.get("accept-language", ""))


def _served(request: Request, asset: Asset | None, cached: str = "no-cache", vary: str = "accept-encoding") -> Response:
    if asset is None:
        return _not_found_page()
    headers = {"etag": asset.tag, "cache-control": cached, "vary": vary}
    if request.headers.get("if-none-match") == asset.tag:
        return Response(status_code=304, headers=headers)
    content = asset.content
    if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"], content = "gzip", asset.packed
    return Response(content, media_type=asset.media_type, headers=headers)


def _not_found_page() -> Response:
    return Response(_NO_TEXT, status_code=404, media_type="text/plain")


async def _not_found(request: Request, error: Exception) -> Response:  # noqa: ARG001 -- Starlette's signature
    return _not_found_page()


def _not_known() -> Response:
    text = "The gateway does not reach the house now. Load the page again in a moment."
    return Response(text, status_code=503, media_type="text/plain", headers={"retry-after": "3"})
