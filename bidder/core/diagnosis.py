"""What a guest's device finds out about the way to a house, and what that means.

Without IO: the same measurements give the same findings. A house has two ports. A way on which one of them is closed
lets a bidder bid without seeing the sale, or the reverse, so each is told by itself.
"""

import ipaddress
from collections.abc import Iterator
from enum import Enum
from statistics import median
from typing import Final

from msgspec import Struct

from common.durations import format_duration
from common.errors import RejectCode, sentence
from common.findings import Finding, Verdict

ROUND_TRIP_MS_GOOD: Final = 300.0
"""Above this a person notices that the house answers late, and last-second bids are at risk."""
OFFSET_MS_GOOD: Final = 2000


class Tcp(Enum):
    """How a connection to a port ended."""

    OPEN = "open"
    REFUSED = "refused"
    """The machine answers, and nothing listens there, or a firewall refuses."""
    SILENT = "silent"
    """Nothing answered in time."""
    NO_WAY = "no_way"
    """This device knows no way there."""


class Way(Struct, frozen=True):
    """One address of the link, and its two ports."""

    address: str
    port: int
    publish_port: int
    requests: Tcp
    broadcasts: Tcp


class Handshake(Enum):
    """How the handshake with the house's key ended."""

    DONE = "done"
    WRONG_HOUSE = "wrong_house"
    """Another key, or another kind of security, than the link says."""
    SILENT = "silent"
    NOT_TRIED = "not_tried"


class Probe(Struct, frozen=True, kw_only=True):
    """All that was measured on the way to a house."""

    host: str
    """The house's machine, as the link names it."""
    lookup_error: str = ""
    """Why the name of the machine was not found; empty: it was."""
    ways: tuple[Way, ...] = ()
    """In the order of the link. The first with an open port for requests is the one that counts."""
    handshake: Handshake = Handshake.NOT_TRIED
    is_answered: bool = False
    """Whether the house answered a ping."""
    refused: RejectCode | None = None
    """Why the house does not let the key in; None: it does, or was not asked."""
    is_heard: bool | None = None
    """Whether a broadcast arrived; None: the key was not let in, so that it was not tried."""
    round_trips_ms: tuple[float, ...] = ()
    offset_ms: int | None = None
    """How far the house's clock is ahead of this device's; None: the house did not tell its time."""


def diagnose(probe: Probe) -> list[Finding]:
    """Return a finding for each check that could be made, on the way from this device to the house."""
    return list(_findings(probe))


def _findings(probe: Probe) -> Iterator[Finding]:
    if probe.lookup_error:
        yield Finding(
            "address",
            Verdict.FAULT,
            f"This device does not find {probe.host}: {probe.lookup_error}.",
            "The name of the house's machine is not known in this network, or this device is in none.",
            "Join the network of the sale room, or ask for a link with an address in numbers.",
        )
        return
    way = next((one for one in probe.ways if one.requests is Tcp.OPEN), probe.ways[-1])
    yield _port("port_requests", way.address, way.port, way.requests, "your bids")
    yield _port("port_broadcasts", way.address, way.publish_port, way.broadcasts, "what you see")
    if way.requests is not Tcp.OPEN:
        return
    yield _handshake(probe.handshake)
    if probe.handshake is not Handshake.DONE:
        return
    yield _answered(is_answered=probe.is_answered)
    if not probe.is_answered:
        return
    yield _admission(probe.refused)
    if probe.is_heard is not None and way.broadcasts is Tcp.OPEN:
        yield _heard(is_heard=probe.is_heard)
    yield _round_trip(probe.round_trips_ms)
    if probe.offset_ms is not None:
        yield _offset(probe.offset_ms)


def _port(check: str, address: str, number: int, tcp: Tcp, carries: str) -> Finding:
    place = f"port {number} of {address}, for {carries}"
    if tcp is Tcp.OPEN:
        return Finding(check, Verdict.OK, f"Open: {place}.")
    if ipaddress.ip_address(address).is_loopback:
        return Finding(
            check,
            Verdict.FAULT,
            f"The link leads to this device itself, and nothing listens there: {place}.",
            "Such a link works only on the machine on which the house runs.",
            "Ask for the link that `auctioneer link` prints after `auctioneer run --host 0.0.0.0`.",
        )
    match tcp:
        case Tcp.REFUSED:
            return Finding(
                check,
                Verdict.FAULT,
                f"Closed: {place}.",
                "The machine answers, but the house does not listen there, or a firewall refuses.",
                "At the house: is it running with this port, and is the port open in the firewall?",
            )
        case Tcp.NO_WAY:
            return Finding(
                check,
                Verdict.FAULT,
                f"Out of reach: {place}.",
                "It is in no network, or in another one than the house.",
                "Join the network of the sale room.",
            )
        case _:
            return Finding(
                check,
                Verdict.FAULT,
                f"Nothing answers: {place}.",
                "A firewall drops the connection, the Wi-Fi keeps devices apart, or the machine is off or elsewhere.",
                "At the house: open both ports in the firewall. In the Wi-Fi: switch off the isolation of clients.",
            )


def _handshake(handshake: Handshake) -> Finding:
    match handshake:
        case Handshake.DONE:
            return Finding("handshake", Verdict.OK, "It is the house that the link names.")
        case Handshake.WRONG_HOUSE:
            return Finding(
                "handshake",
                Verdict.FAULT,
                "Something else listens there than the house that the link names.",
                "The link is old, or it is of another sale.",
                "Ask for a new join link.",
            )
        case _:
            return Finding(
                "handshake",
                Verdict.FAULT,
                "The connection opens, but the handshake does not end.",
                "The house is overloaded or stopped, or something on the way (a proxy) does not let it through.",
                "Try again; then try from another network.",
            )


def _answered(*, is_answered: bool) -> Finding:
    if is_answered:
        return Finding("answer", Verdict.OK, "The house answers.")
    return Finding(
        "answer",
        Verdict.FAULT,
        "The house does not answer a ping.",
        "Its process may be stopped, or stand still because of its disk.",
        "At the house: look at what `auctioneer run` shows.",
    )


def _admission(refused: RejectCode | None) -> Finding:
    match refused:
        case None:
            return Finding("admission", Verdict.OK, "The house lets this device look on.")
        case RejectCode.HELLO_FIRST:
            return Finding(
                "admission",
                Verdict.OK,
                "The house does not know this key yet.",
                advice="`bidder join` makes it known; the house then lets it in, or says why not.",
            )
        case RejectCode.AWAITING_APPROVAL:
            return Finding(
                "admission",
                Verdict.WARNING,
                "The auctioneer has to let this key in.",
                advice="Join, and wait: you are let in automatically when the auctioneer agrees.",
            )
        case _:
            return Finding(
                "admission",
                Verdict.FAULT,
                f"The house refuses this key ({refused.value}).",
                sentence(refused),
                "Ask the auctioneer for a link or a code of your own, or to admit you; then run this with --name.",
            )


def _heard(*, is_heard: bool) -> Finding:
    if is_heard:
        return Finding("broadcasts", Verdict.OK, "The broadcasts of the house arrive.")
    return Finding(
        "broadcasts",
        Verdict.FAULT,
        "The port for broadcasts is open, but none arrives.",
        "Something else listens on that port, or something on the way does not let it through.",
        "At the house: do both ports of the link lead to it?",
    )


def _round_trip(round_trips_ms: tuple[float, ...]) -> Finding:
    usual_ms, longest_ms = median(round_trips_ms), max(round_trips_ms)
    what = f"The house answers within {usual_ms:.1f} ms (at most {longest_ms:.1f} ms)."
    if usual_ms <= ROUND_TRIP_MS_GOOD:
        return Finding("round_trip", Verdict.OK, what)
    return Finding(
        "round_trip",
        Verdict.WARNING,
        what,
        "A bid in the last moment may come too late.",
        "Come nearer to the Wi-Fi, or leave a maximum: the house then bids for you.",
    )


def _offset(offset_ms: int) -> Finding:
    side = "ahead of" if offset_ms > 0 else "behind"
    if abs(offset_ms) <= OFFSET_MS_GOOD:
        return Finding("clock", Verdict.OK, f"The house's clock is {abs(offset_ms)} ms {side} this device's.")
    return Finding(
        "clock",
        Verdict.WARNING,
        f"The house's clock is {format_duration(abs(offset_ms) // 1000 * 1000)} {side} this device's.",
        "Only the house's clock counts, and `bidder` shows the time left by it.",
        "Don't go by your own watch.",
    )
