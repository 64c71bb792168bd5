"""The rules told a second time, as plainly as possible and without the engine's thrift, to be held against it.

Nothing is kept that can be computed: a lot has the list of all that was ever bid on it, and its price is worked out
from all maxima whenever somebody asks. The clock looks at every lot each time. Slow, and meant to be.
"""

from dataclasses import dataclass, field

from auctioneer.rules.terms import LotSpec, OpeningRule
from common.errors import RejectCode

FINAL = ("sold", "passed", "withdrawn")


@dataclass
class Said:
    """Something a bidder did: a bid with an open amount or a maximum or both, or (`falls_to`) falling silent."""

    paddle: int
    amount: int | None = None
    highest: int = 0
    connected: bool = False
    falls_to: int | None = None


@dataclass
class Lot:
    spec: LotSpec
    opens: int | None
    status: str = "scheduled"
    said: list[Said] = field(default_factory=list)
    public_bids: int = 0
    seq: int = 0
    ends: int | None = None
    left: int | None = None
    used: int = 0
    stopped_by_sale: bool = False
    closed: int | None = None
    cause: str | None = None
    buyer: int | None = None

    def step(self, price: int) -> int:
        return [row.step_minor for row in self.spec.terms.increments if row.from_minor <= price][-1]

    def maxima(self) -> list[tuple[int, int, int]]:
        """All bidders' maxima as (minus the maximum, when it was said, paddle): the first leads."""
        found: dict[int, tuple[int, int, int]] = {}
        for when, word in enumerate(self.said):
            if word.falls_to is None:
                found[word.paddle] = (-word.highest, when, word.paddle)
            else:
                found[word.paddle] = (-word.falls_to, found[word.paddle][1], word.paddle)
        return sorted(found.values())

    def leader(self) -> int | None:
        return self.maxima()[0][2] if self.said else None

    def price(self) -> int | None:
        if not self.said:
            return None
        maxima = [-minus for minus, _, _ in self.maxima()]
        price = max([self.spec.terms.starting_minor, *(word.amount for word in self.said if word.amount)])
        if len(maxima) > 1:
            price = max(price, min(maxima[0], maxima[1] + self.step(maxima[1])))
        reserve = self.spec.reserve_minor
        if reserve is not None:
            price = max(price, reserve) if maxima[0] >= reserve else maxima[0]
        return price

    def minimum(self) -> int:
        price = self.price()
        return self.spec.terms.starting_minor if price is None else price + self.step(price)

    def met(self) -> bool | None:
        return None if self.spec.reserve_minor is None else (self.price() or 0) >= self.spec.reserve_minor

    def offer(self) -> int | None:
        if self.status in FINAL or (self.said and self.met() is not False):
            return None
        return self.spec.terms.buy_now_minor

    def wishes_to_drop(self) -> bool:
        """Whether the leader's latest maximum was given only for as long as the bidder is connected."""
        own = [word for word in self.said if word.paddle == self.leader()]
        return bool(own) and own[-1].falls_to is None and own[-1].connected

    def hammer(self) -> int | None:
        if self.status != "sold":
            return None
        return self.spec.terms.buy_now_minor if self.cause == "buy_now" else self.price()

    def shown(self) -> tuple[object, ...]:
        """All that everybody may see of the lot."""
        winner = None if self.status != "sold" else self.buyer or self.leader()
        told = (self.status, self.seq, self.price(), self.leader(), self.minimum(), self.public_bids, self.met())
        times = (self.offer(), self.opens, self.ends, self.left, self.closed, self.cause)
        return (*told, *times, winner, self.hammer())


class Sale:
    def __init__(self, now: int, *, ends_after_last_lot: bool) -> None:
        self.lots: dict[str, Lot] = {}
        self.status = "running"
        self.seq = 0
        self.now = self.began = now
        self.stood = 0
        self.stopped = 0
        self._ends_after_last_lot = ends_after_last_lot

    # --- the clock ---

    def tick(self, now: int) -> None:
        while self._one_thing(now):
            pass

    def _one_thing(self, now: int) -> bool:
        if self.status == "ended":
            return False
        for lot in self.lots.values():
            if self.status == "running" and lot.status == "scheduled" and self._turn_of(lot):
                self._open(lot, self.now)
                return True
        if self._ends_after_last_lot and self.lots and all(lot.status in FINAL for lot in self.lots.values()):
            self.status, self.seq = "ended", self.seq + 1
            return True
        due = [(lot.ends, place, lot) for place, lot in enumerate(self.lots.values()) if lot.ends is not None]
        if self.status == "running":
            waiting = [(place, lot) for place, lot in enumerate(self.lots.values()) if lot.status == "scheduled"]
            due += [(lot.opens, place, lot) for place, lot in waiting if lot.opens is not None]
        if not due or min(due)[0] > now:
            return False
        when, _, lot = min(due)
        self.now = max(self.now, when)
        if lot.status == "scheduled":
            self._open(lot, self.now)
        else:
            self._close(lot, self.now, "time")
        return True

    def _turn_of(self, lot: Lot) -> bool:
        if lot.spec.opening.rule is not OpeningRule.AFTER_PREVIOUS:
            return False
        names = list(self.lots.values())
        before = [other for other in names[: names.index(lot)] if other.status != "withdrawn"]
        return not before or before[-1].status in FINAL

    def _open(self, lot: Lot, now: int) -> None:
        lot.status, lot.opens, lot.seq = "open", now, lot.seq + 1
        lot.ends = None if lot.spec.terms.duration_ms is None else now + lot.spec.terms.duration_ms

    def _close(self, lot: Lot, now: int, cause: str) -> None:
        sold = lot.said and lot.met() is not False
        self._finish(lot, now, "sold" if sold else "passed")
        lot.cause = cause

    def _finish(self, lot: Lot, now: int, status: str) -> None:
        lot.status, lot.closed, lot.seq = status, now, lot.seq + 1
        lot.ends, lot.left = None, None

    # --- bidders ---

    def bid(self, now: int, name: str, word: Said, *, if_seq: int | None, is_seller: bool) -> object:
        lot = self.lots[name]
        refused = self._refused(lot, now, is_seller=is_seller)
        if refused is not None:
            return refused
        if if_seq is not None and if_seq != lot.seq:
            return RejectCode.STATE_CHANGED
        if word.highest < (word.amount or 0) or word.highest == 0:
            return RejectCode.INVALID_AMOUNT
        if lot.leader() == word.paddle:
            if word.amount is not None:
                return RejectCode.ALREADY_LEADING
            if word.highest <= -lot.maxima()[0][0]:
                return RejectCode.MAXIMUM_NOT_RAISED
        elif (word.amount or word.highest) < lot.minimum():
            return RejectCode.BELOW_MINIMUM
        before = (lot.leader(), lot.price())
        lot.said.append(word)
        self.now = now
        if before == (lot.leader(), lot.price()):
            return "hidden"
        lot.seq, lot.public_bids = lot.seq + 1, lot.public_bids + 1
        self._soft_close(lot, now)
        return "leads" if lot.leader() == word.paddle else "trails"

    def _soft_close(self, lot: Lot, now: int) -> None:
        rule = lot.spec.terms.soft_close
        if rule is None or lot.ends is None or lot.ends - now > rule.window_ms:
            return
        ends = max(lot.ends, now + rule.extension_ms)
        if rule.cap_ms is not None:
            ends = min(ends, lot.ends + rule.cap_ms - lot.used)
        lot.used, lot.ends = lot.used + ends - lot.ends, ends

    def buy(self, now: int, name: str, paddle: int, price: int, *, is_seller: bool) -> object:
        lot = self.lots[name]
        refused = self._refused(lot, now, is_seller=is_seller)
        if refused is not None:
            return refused
        if lot.offer() != price:
            return RejectCode.NO_BUY_NOW
        self.now = now
        self._finish(lot, now, "sold")
        lot.cause, lot.buyer = "buy_now", paddle
        return "bought"

    def _refused(self, lot: Lot, now: int, *, is_seller: bool) -> object:
        if lot.status in ("sold", "passed"):
            assert lot.closed is not None
            self.now = now
            return ("late", now - lot.closed)
        codes = {
            "scheduled": RejectCode.LOT_NOT_OPEN,
            "paused": RejectCode.LOT_PAUSED,
            "withdrawn": RejectCode.LOT_WITHDRAWN,
        }
        return codes.get(lot.status, RejectCode.OWN_LOT if is_seller else None)

    def vanish(self, now: int, paddle: int) -> list[str]:
        mine = [lot for lot in self.lots.values() if lot.status not in FINAL and lot.leader() == paddle]
        dropped = [lot for lot in mine if lot.wishes_to_drop()]
        for lot in dropped:
            lot.said.append(Said(paddle, falls_to=lot.price()))
            self.now = now
        return sorted(lot.spec.terms.lot for lot in dropped)

    # --- the auctioneer; each returns whether it was carried out ---

    def add(self, now: int, spec: LotSpec) -> bool:
        if self.status == "ended" or spec.terms.lot in self.lots:
            return False
        opening = spec.opening
        opens = {OpeningRule.AT_START: now, OpeningRule.AT_TIME: opening.at_ms}.get(opening.rule)
        if opening.delay_ms is not None:
            opens = self.began + self.stood + opening.delay_ms
        self.lots[spec.terms.lot] = Lot(spec, opens)
        self.seq, self.now = self.seq + 1, now
        return True

    def open(self, now: int, name: str) -> bool:
        if self.lots[name].status != "scheduled" or self.status != "running":
            return False
        self._open(self.lots[name], now)
        self.now = now
        return True

    def pause(self, now: int, name: str) -> bool:
        if self.lots[name].status != "open":
            return False
        self._pause(self.lots[name], now)
        return True

    def _pause(self, lot: Lot, now: int) -> None:
        lot.status, lot.seq, self.now = "paused", lot.seq + 1, now
        lot.left, lot.ends = None if lot.ends is None else lot.ends - now, None

    def resume(self, now: int, name: str) -> bool:
        if self.lots[name].status != "paused" or self.status != "running":
            return False
        self._resume(self.lots[name], now)
        return True

    def _resume(self, lot: Lot, now: int) -> None:
        lot.status, lot.seq, self.now, lot.stopped_by_sale = "open", lot.seq + 1, now, False
        lot.ends, lot.left = None if lot.left is None else now + lot.left, None

    def extend(self, now: int, name: str, extra: int) -> bool:
        lot = self.lots[name]
        if lot.status not in ("open", "paused") or lot.spec.terms.duration_ms is None:
            return False
        if lot.ends is not None:
            lot.ends += extra
        else:
            assert lot.left is not None, "a lot with a clock runs or has time left"
            lot.left += extra
        lot.seq, self.now = lot.seq + 1, now
        return True

    def close(self, now: int, name: str) -> bool:
        if self.lots[name].status not in ("open", "paused"):
            return False
        self._close(self.lots[name], now, "hammer")
        self.now = now
        return True

    def withdraw(self, now: int, name: str) -> bool:
        if self.lots[name].status in FINAL:
            return False
        self._finish(self.lots[name], now, "withdrawn")
        self.now = now
        return True

    def pause_sale(self, now: int) -> bool:
        if self.status != "running":
            return False
        self.status, self.seq, self.now, self.stopped = "paused", self.seq + 1, now, now
        for lot in self.lots.values():
            if lot.status == "open":
                self._pause(lot, now)
                lot.stopped_by_sale = True
        return True

    def resume_sale(self, now: int) -> bool:
        if self.status != "paused":
            return False
        self.status, self.seq, self.now = "running", self.seq + 1, now
        self.stood += now - self.stopped
        for lot in self.lots.values():
            if lot.status == "paused" and lot.stopped_by_sale:
                self._resume(lot, now)
            if lot.status == "scheduled" and lot.spec.opening.delay_ms:
                assert lot.opens is not None, "a delay counts from the sale's start, which is over"
                lot.opens, lot.seq = lot.opens + now - self.stopped, lot.seq + 1
        return True

    def end(self, now: int) -> bool:
        if self.status == "ended":
            return False
        for lot in self.lots.values():
            if lot.status == "scheduled":
                self._finish(lot, now, "withdrawn")
            elif lot.status not in FINAL:
                self._close(lot, now, "hammer")
        self.status, self.seq, self.now = "ended", self.seq + 1, now
        return True

    def outage(self, now: int, lasted: int) -> None:
        self.now = now
        for lot in self.lots.values():
            if lot.ends is not None and lasted:
                lot.ends, lot.seq = lot.ends + lasted, lot.seq + 1
