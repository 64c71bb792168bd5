"""A sale that receives arbitrary bytes among valid requests, with repeats, passing time and restarts.

An input is read as a script. The first byte of each step chooses the actor and the action; the next bytes are its
details.
"""

from typing import Final, get_args

from auctioneer.audit.invariants import check, check_same_state
from auctioneer.house.commands import AnswerFor, Award, CloseLot, Reopen, Undo, VoidSale
from common.codec import RejectedBody, decode_answer, decode_request, encode
from common.confirming import ConfirmRequest
from common.formats.english import BidRequest, BuyRequest
from common.messages import Accepted, AnyAnswer, AnyRequest, Hello, Ping, Rejected, Role
from tests.auctioneer.house.house_examples import ANN, BOB, CAT, SmallSale, lot, lots

KEYS: Final = (ANN, BOB, CAT, "d" * 40)
STEPS_MAX: Final = 60
_KINDS: Final = 10
ANSWER_MS: Final = 300
"""Two steps of passing time may be longer, so that some answers come too late."""
LOTS: Final = (*lots(2), lot("3", duration_ms=200, reserve_minor=1500), lot("4", by_hand=True, buy_now_minor=9000))


class Script:
    """Reads numbers and chunks from an input; after its end everything is zero."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._body)

    def byte(self) -> int:
        return self.chunk(1)[0]

    def chunk(self, length: int) -> bytes:
        chunk = self._body[self._at : self._at + length]
        self._at += length
        return chunk.ljust(length, b"\0")


class Play:
    """One sale with its requests and answers."""

    def __init__(self) -> None:
        self.sale = SmallSale(*LOTS, corrections=True, revived_answer_ms=ANSWER_MS)
        for number, key in enumerate(KEYS[:3]):
            self.sale.join(key, f"Bidder {number}", Role.OBSERVER if key == CAT else Role.BIDDER)
        self._verdicts: dict[tuple[str, bytes], Accepted | Rejected] = {}
        self._last = (ANN, b"")

    def step(self, script: Script) -> None:
        """Do one step."""
        first = script.byte()
        key = KEYS[first % len(KEYS)]
        match first // len(KEYS) % _KINDS:
            case 0 | 1:
                self.send(key, script.chunk(script.byte()))
            case 2 | 3:
                amount_minor = 1000 + script.byte() * 50
                maximum_minor = amount_minor + script.byte() * 10
                open_minor = amount_minor if script.byte() % 2 else None
                bid = BidRequest(id=1 + script.byte(), lot=str(script.byte() % 5), maximum_minor=maximum_minor)
                self.ask(
                    key, bid if open_minor is None else BidRequest(id=bid.id, lot=bid.lot, amount_minor=open_minor)
                )
            case 4:
                self.ask(key, BuyRequest(id=1 + script.byte(), lot="4", price_minor=9000))
            case 5:
                self.sale.now_ms += script.byte()
                self.sale.house.advance(self.sale.now_ms)
            case 6:
                self.send(*self._last)
            case 7:
                self.restart()
            case 8:
                self.confirm(key, script.byte(), str(script.byte() % 5), script.byte())
            case _:
                self.correct(str(script.byte() % 5), script.byte(), script.byte())

    def ask(self, key: str, request: AnyRequest) -> None:
        self.send(key, encode(request))

    def send(self, key: str, body: bytes) -> None:
        """Send bytes; the answer must be a documented one, and a decision must stay the same forever."""
        self._last = (key, body)
        answer = self.sale.send(key, body)
        self.sale.commit()
        if answer is None:
            return
        assert isinstance(answer, get_args(AnyAnswer)), answer
        assert decode_answer(encode(answer)) == answer
        refused = None
        try:
            request = decode_request(body)
        except RejectedBody as error:
            refused = error
        if refused is not None:
            assert isinstance(answer, Rejected)
            assert (answer.code, answer.id) == (refused.code, refused.request_id)
            return
        assert answer.id == request.id
        if isinstance(answer, Accepted):
            assert isinstance(request, BidRequest | BuyRequest | ConfirmRequest)
            before = self._verdicts.setdefault((key, encode(request)), answer)
            assert before == answer, "a repeated request got another verdict"

    def confirm(self, key: str, request_id: int, number: str, how: int) -> None:
        """Say whether a bid stands: by whoever it is, or by the auctioneer for whom the lot asks."""
        seq = self.sale.house.engine.lots[number].view.seq if number in self.sale.house.engine.lots else 0
        stands, if_seq = bool(how & 1), seq - (how >> 2 & 1) if how & 2 else None
        if how & 8:
            self.sale.order(AnswerFor(lot=number, stands=stands, if_seq=if_seq))
        else:
            self.ask(key, ConfirmRequest(id=1 + request_id, lot=number, stands=stands, if_seq=if_seq))

    def correct(self, number: str, which: int, detail: int) -> None:
        """Correct a lot, or have the hammer fall on it."""
        correction = (
            Undo(lot=number),
            Undo(lot=number, numbers=(detail,)),
            Undo(lot=number, back_to=detail),
            Reopen(lot=number, for_ms=1 + detail),
            VoidSale(lot=number),
            Award(lot=number, bidder="1", amount_minor=1 + detail),
            CloseLot(lot=number),
        )
        self.sale.order(correction[which % len(correction)])

    def restart(self) -> None:
        """Rebuild the sale from its record: nothing may have changed."""
        self.sale.commit()
        before = self.sale.house.engine.state
        again = self.sale.rebuilt()
        check_same_state(before, again.engine.state)
        self.sale.house = again


def play_session(body: bytes) -> Play:
    """Play an input's script to its end, and return what was played."""
    script, play = Script(body), Play()
    for _ in range(STEPS_MAX):
        if script.is_over:
            break
        play.step(script)
        check(play.sale.house.engine)
    play.restart()
    return play


def session_seeds() -> list[bytes]:
    """Return scripts that reach every kind of step."""
    hello, ping = encode(Hello(id=1, versions=(1,), name="Dan")), encode(Ping(id=9))
    chunks = [bytes((3, len(hello))) + hello, bytes((0, len(ping))) + ping, bytes((5, 4)) + b"\xc1\xff\x00\x81"]
    bids = [bytes((8 + who, 10 + 7 * who, 3, who, 5 + who, 1 + who)) for who in range(4)]
    corrections = [bytes((36, 3 - which % 2, which, 1)) for which in (0, 6, 3, 1, 2, 6, 4, 5, 3)]
    asks = bytes((8, 10, 0, 1, 20, 1, 9, 30, 0, 1, 20, 1, 36, 1, 0, 0))  # Ann bids, Bob bids more, his bid is undone
    answers = [bytes((32 + who, 30, 1, how)) for who, how in ((0, 1), (0, 0), (0, 3), (0, 6), (1, 1), (0, 9), (0, 8))]
    asked = [asks + bytes((28,)) + answer + bytes((24, 28)) + answer for answer in answers]
    silence = asks + bytes((20, 200)) * 2 + answers[0]
    steps = [*chunks, *bids, bytes((16, 20)), bytes((20, 250)), bytes((24,)), bytes((28,)), *corrections]
    steps += [*asked, silence]
    return [*steps, b"".join(steps), b"".join(steps[::-1]), b"".join(bids * 4), b"".join((*bids, steps[-1], *bids))]
