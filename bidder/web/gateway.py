"""The gateway as a whole: one hall, all guests, all phones, one HTTP server, in one asyncio process."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from bidder.core.notices import ConnectionChanged, Notice, StateReady
from bidder.shells.connection import Connection
from bidder.shells.hall import Hall
from bidder.web.assets import Assets
from bidder.web.console.consoles import Consoles
from bidder.web.console.sessions import ConsoleStore
from bidder.web.fanout import Fanout
from bidder.web.frames import clock, encode, text_frame
from bidder.web.guests import GuestStore, gateway_folder
from bidder.web.host import Host
from bidder.web.interest import Interest
from bidder.web.limits import CLOCK_MS, INTEREST_MS, PHONES_MAX, PHONES_PER_ADDRESS_MAX
from bidder.web.live import Live, Scope, Visit
from bidder.web.origins import Origins
from bidder.web.pages import Pages, cookie_of
from bidder.web.paper import Histories, Paper
from bidder.web.pictures import Pictures
from bidder.web.public_sale import PublicSale
from bidder.web.quotas import Places
from bidder.web.server import make_server
from common.keys import KeyPair, load_or_make_keys
from common.links import JoinLink

LIVE_PATH: Final = "/live"
NAME: Final = "web"
"""The gateway's name at a house that asks observers for one, and as a partner."""


class GatewaySettings(NamedTuple):
    """How one gateway is run. `home` is the folder of what it keeps, `url` the address that guests open."""

    link: JoinLink
    home: Path
    url: str
    names: tuple[str, ...] = ()
    trusted_proxy: str = ""
    images: Path | None = None
    pictures_from: tuple[str, ...] = ()
    """Other hosts whose pictures the pages may show."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    control: str = ""
    """The ZeroMQ address at which the house takes commands; empty: consoles pass nothing on."""
    key_file: Path | None = None
    """The gateway's own key; None: one in `home`, for each house."""


def gateway_keys(settings: GatewaySettings) -> KeyPair:
    """Return the gateway's own key at a house, made at first use. Raises UsageError and StorageError."""
    return load_or_make_keys(settings.key_file or gateway_folder(settings.home, settings.link) / "gateway.json")


class Gateway:
    """One gateway. `run` serves until `stop`, or until the hall fails."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self.url = settings.url
        self.sale = PublicSale(Pictures(settings.pictures_from))
        self.fanout = Fanout(self.sale)
        self.interest = Interest()
        self.histories = Histories()
        self.assets = Assets(settings.images)
        self.origins = Origins(settings.url, settings.names, settings.trusted_proxy)
        store = GuestStore.open(gateway_folder(settings.home, settings.link) / "guests.sqlite")
        self.host = Host(store, self.sale, self.now_ms, settings.link.invite)
        self._keys = gateway_keys(settings)
        self.consoles = Consoles(
            ConsoleStore.open(gateway_folder(settings.home, settings.link) / "consoles"),
            settings.control,
            settings.link.server_key,
            self.now_ms,
        )
        self._hall: Hall | None = None
        self._places = Places(PHONES_MAX, PHONES_PER_ADDRESS_MAX)
        self._pages = Pages(self)
        self._live = Live(self.fanout, self.interest, self, self._clock_frame, self.now_ms)
        self._flush: asyncio.TimerHandle | None = None
        self._flush_at_ms: int | None = None
        """When `_flush` is due."""
        self._server = make_server(self._answer, settings.tls_cert, settings.tls_key, settings.trusted_proxy)

    def now_ms(self) -> int:
        """Return the time of a steady clock, in milliseconds."""
        return Connection.now_ms()

    async def run(self, listener: socket.socket, on_live: Callable[[], None] = lambda: None) -> None:
        """Serve on a socket until `stop`. `on_live` is called once the sale is known.

        Raises what ended the hall: the house has another key, or does not let the gateway look on.
        """
        serving = asyncio.create_task(self._server.serve([listener]))
        following = asyncio.create_task(self._follow(on_live))
        ticking = asyncio.create_task(self._tick())
        looking = asyncio.create_task(self._look_for_fingers())
        try:
            await asyncio.wait([serving, following, ticking, looking], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            await asyncio.gather(serving, return_exceptions=True)
            for task in (following, ticking, looking):
                task.cancel()
            outcomes = await asyncio.gather(following, ticking, looking, return_exceptions=True)
            await self.host.close()
            self.consoles.close()
            if self._hall is not None:
                self._hall.close()
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    def stop(self) -> None:
        """End the gateway soon: phones are told to come back."""
        self._server.should_exit = True

    # --- the house --------------------------------------------------------------------------------------------------

    async def _follow(self, on_live: Callable[[], None]) -> None:
        hall = await Hall.open(self._settings.link, self._keys, name=NAME, timeout_ms=None)
        self._hall = hall
        self.sale.house, self.sale.reason = hall.state, ""
        self._publish(StateReady(hall.welcome.epoch, hall.sale, len(hall.lots())))
        self._publish(ConnectionChanged(hall.state))
        self.host.open(hall)
        on_live()
        async for notice in hall.notices():
            self.histories.hear(notice)
            self._publish(notice)

    def _publish(self, notice: Notice) -> None:
        assert self._hall is not None, "a notice came before the hall"
        self.fanout.publish(self.sale.hear(notice, self._hall), self.now_ms())
        self._plan_flush()

    def _plan_flush(self) -> None:
        """Have the changes told when they are due. What has come from the house meanwhile is told with them."""
        due_ms = self.fanout.flush_at_ms
        if due_ms == self._flush_at_ms:
            return
        if self._flush is not None:
            self._flush.cancel()
        self._flush_at_ms = due_ms
        wait_s = 0 if due_ms is None else max(0, due_ms - self.now_ms()) / 1000
        self._flush = None if due_ms is None else self._loop.call_later(wait_s, self._do_flush)

    def _do_flush(self) -> None:
        self._flush = self._flush_at_ms = None
        self.fanout.flush(self.now_ms())
        self._plan_flush()

    def _house_now_ms(self) -> int:
        return 0 if self._hall is None else self._hall.server_now_ms()

    def _clock_frame(self) -> bytes:
        return text_frame(encode(clock(self._house_now_ms())))

    async def _tick(self) -> None:
        """Tell the time, and let idle guests go."""
        while True:
            await asyncio.sleep(CLOCK_MS / 1000)
            if self._hall is not None:
                self.fanout.tell_time(self._clock_frame(), self.now_ms())
                self._plan_flush()
            self.host.sweep()

    async def _look_for_fingers(self) -> None:
        """Tell the boards on which lots somebody is about to bid."""
        while True:
            await asyncio.sleep(INTEREST_MS / 1000)
            touched = self.interest.news(self.sale.lots, self.now_ms())
            if touched is not None:
                self.fanout.tell_boards(text_frame(encode({"event": "interest", "lots": touched})))

    # --- the browsers -----------------------------------------------------------------------------------------------

    async def _answer(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._live(scope, receive, send)
        elif scope["type"] == "http":
            await self._pages(scope, receive, send)

    def paper(self) -> Paper | None:
        """Return the sale for a printed page; None before it is known."""
        sale = self.sale
        if sale.sale is None:
            return None
        return Paper(
            sale.sale.title, sale.sale.status, sale.currency, dict(sale.lots), self.histories, self._house_now_ms()
        )

    def admit(self, scope: Scope) -> Visit | None:
        """Return what a WebSocket may be, and take its place; None if it may not come."""
        headers = scope["headers"]
        scheme = {"ws": "http", "wss": "https"}[scope["scheme"]]
        caller = self.origins.caller(headers, (scope["client"] or ("", 0))[0], scheme)
        if scope["path"] != LIVE_PATH or not self.origins.is_own_page(headers, caller.scheme):
            return None
        if not self._places.enter(caller.address):
            return None
        is_board = scope["query_string"] == b"as=board"
        return Visit(caller.address, None if is_board else self.host.attend(cookie_of(headers)), is_board=is_board)

    def leave(self, visit: Visit) -> None:
        """Give the place back."""
        self._places.leave(visit.address)
