"""A clerk joins by a link: its key is good for one thing, once, for a while."""

import msgspec
import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.commands import (
    MYSELF,
    AnyCommand,
    AnyControlAnswer,
    Appoint,
    Ask,
    ChangeRights,
    CloseLot,
    Dismiss,
    Done,
    Pause,
    Redeem,
    Report,
)
from auctioneer.house.control.carry_out import carry_out
from auctioneer.rules.facts import CommandDone, SettingsChanged
from auctioneer.rules.sale_settings import CONTROLLERS_MAX, Controller, Right
from common.codec import encode
from common.errors import RejectCode
from common.messages import Rejected, Role
from tests.auctioneer.house.house_examples import CHAIR, CLERK, HOUR_MS, SmallSale, code_of

LINK, OWN, OTHER = "l" * 40, "o" * 40, "x" * 40
ADA = Appoint(name="ada", key=LINK, rights=(Right.HAMMER, Right.DESK), valid_ms=HOUR_MS)


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale of which Ada has a link."""
    sale = SmallSale()
    answer = sale.order(ADA)
    assert answer == Done(id=0, expires_at_ms=sale.now_ms + HOUR_MS)
    return sale


def by(sale: SmallSale, key: str, command: AnyCommand) -> AnyControlAnswer:
    """Return the answer to a command that came with a key; the shell refuses those of unknown keys like this."""
    who = sale.house.controllers.get(key)
    return Rejected(id=0, code=RejectCode.FORBIDDEN) if who is None else sale.order(command, who)


def detail_of(answer: object) -> str:
    assert isinstance(answer, Rejected), answer
    assert answer.code is RejectCode.FORBIDDEN
    return answer.detail


@pytest.mark.parametrize("by_snapshot", [False, True])
def test_a_link_puts_the_clerks_own_key_in_its_place(sale: SmallSale, by_snapshot: bool) -> None:
    sale.now_ms += HOUR_MS - 1
    assert isinstance(by(sale, LINK, Redeem(key=OWN)), Done)
    sale.house = sale.rebuilt(sale.house.snapshot(), len(sale.record)) if by_snapshot else sale.rebuilt()
    rights = (Right.DESK, Right.HAMMER)
    assert sale.house.controllers[OWN] == Controller("ada", Role.CLERK, OWN, rights)
    sale.now_ms += 10 * HOUR_MS
    assert sale.house.may_command(OWN, sale.now_ms), "her own key has no end"
    assert isinstance(by(sale, OWN, Pause()), Done)
    assert verify(enumerate(sale.record, 1)).mismatch is None
    settings, done = [fact for fact in sale.record if getattr(fact, "by", "") == "ada"][:2]
    assert isinstance(settings, SettingsChanged)
    assert isinstance(done, CommandDone)
    assert done.kind == "clerk join"


def test_a_link_that_was_used_is_of_no_use_to_a_thief(sale: SmallSale) -> None:
    assert isinstance(by(sale, LINK, Redeem(key=OWN)), Done)
    facts = len(sale.record)
    assert not sale.house.may_command(LINK, sale.now_ms), "it does not even finish the handshake"
    for command in (Redeem(key=OTHER), Pause(), Ask(report="lots"), Ask(report=MYSELF)):
        detail_of(by(sale, LINK, command))
    assert len(sale.record) == facts
    assert OWN in sale.house.controllers


def test_a_link_ends_at_its_time(sale: SmallSale) -> None:
    assert sale.house.may_command(LINK, sale.now_ms + HOUR_MS - 1)
    assert not sale.house.may_command(LINK, sale.now_ms + HOUR_MS)
    sale.now_ms += HOUR_MS
    assert "the link has expired" in detail_of(by(sale, LINK, Redeem(key=OWN)))
    assert OWN not in sale.house.controllers


def test_a_link_is_no_key_for_commands(sale: SmallSale) -> None:
    facts = len(sale.record)
    for command in (Pause(), CloseLot(lot="1"), Ask(report="status"), Ask(report="lots")):
        assert "auctioneer clerk join LINK" in detail_of(by(sale, LINK, command))
    assert len(sale.record) == facts
    assert isinstance(by(sale, LINK, Ask(report=MYSELF)), Report), "its sender has to number the command"


def test_another_link_replaces_one_that_nobody_used(sale: SmallSale) -> None:
    assert isinstance(sale.order(msgspec.structs.replace(ADA, key=OTHER, rights=(Right.BIDS,))), Done)
    assert not sale.house.may_command(LINK, sale.now_ms)
    detail_of(by(sale, LINK, Redeem(key=OWN)))
    assert isinstance(by(sale, OTHER, Redeem(key=OWN)), Done)
    assert sale.house.controllers[OWN].rights == (Right.BIDS,)


def test_no_link_replaces_a_clerks_own_key(sale: SmallSale) -> None:
    by(sale, LINK, Redeem(key=OWN))
    answer = sale.order(msgspec.structs.replace(ADA, key=OTHER))
    assert code_of(answer) is RejectCode.WRONG_STATE
    assert OWN in sale.house.controllers


def test_a_clerks_own_key_ends_at_its_time(sale: SmallSale) -> None:
    sale.order(msgspec.structs.replace(ADA, lasts_ms=2 * HOUR_MS))
    ends_ms = sale.now_ms + 2 * HOUR_MS
    assert isinstance(by(sale, LINK, Redeem(key=OWN)), Done)
    sale.now_ms = ends_ms - 1
    assert sale.house.may_command(OWN, sale.now_ms)
    assert isinstance(by(sale, OWN, Ask(report="status")), Report)
    sale.now_ms = ends_ms
    assert not sale.house.may_command(OWN, sale.now_ms)
    assert "is over" in detail_of(by(sale, OWN, Pause())), "also over a connection that is older"
    assert "is over" in detail_of(by(sale, OWN, Ask(report="status")))
    assert isinstance(sale.order(msgspec.structs.replace(ADA, key=OTHER)), Done), "another link may follow"


def test_a_link_does_not_outlast_the_key_that_it_is_for(sale: SmallSale) -> None:
    sale.order(msgspec.structs.replace(ADA, lasts_ms=1000))
    sale.now_ms += 1000
    assert "expired" in detail_of(by(sale, LINK, Redeem(key=OWN)))


def test_a_key_is_no_one_elses(sale: SmallSale) -> None:
    for key in (CHAIR.key, CLERK.key):
        assert code_of(by(sale, LINK, Redeem(key=key))) is RejectCode.WRONG_STATE
    assert code_of(sale.order(msgspec.structs.replace(ADA, name="ben"))) is RejectCode.WRONG_STATE


def test_only_a_link_is_redeemed(sale: SmallSale) -> None:
    for who in (CHAIR, CLERK):
        assert "no link's" in detail_of(sale.order(Redeem(key=OWN), who))


def test_rights_of_a_clerk_who_has_not_joined_yet_may_change(sale: SmallSale) -> None:
    assert isinstance(sale.order(ChangeRights(name="ada", rights=(Right.BIDS,))), Done)
    by(sale, LINK, Redeem(key=OWN))
    assert sale.house.controllers[OWN].rights == (Right.BIDS,)


def test_who_is_removed_is_out_and_what_is_under_way_is_refused(sale: SmallSale) -> None:
    by(sale, LINK, Redeem(key=OWN))
    carry_out(sale.house, CHAIR, encode(Dismiss(id=9999, name="ada")), sale.now_ms)
    detail_of(by(sale, OWN, Pause()))  # in the same batch
    assert not sale.house.may_command(OWN, sale.now_ms)


def test_the_connections_of_who_is_removed_are_to_end_with_the_batch(sale: SmallSale) -> None:
    by(sale, LINK, Redeem(key=OWN))
    assert sale.commit().turned_out == [], "the one that used the link up may read its answer"
    carry_out(sale.house, CHAIR, encode(Dismiss(id=9999, name="ada")), sale.now_ms)
    assert sale.commit().turned_out == [OWN]


def test_the_report_on_clerks_tells_who_has_joined(sale: SmallSale) -> None:
    def ada() -> dict[str, object]:
        answer = sale.order(Ask(report="clerks"))
        assert isinstance(answer, Report)
        rows: list[dict[str, object]] = answer.report
        return next(row for row in rows if row["name"] == "ada")

    expires_at_ms = sale.now_ms + HOUR_MS
    invited = {"name": "ada", "rights": ["desk", "hammer"], "state": "invited", "link_expires_at_ms": expires_at_ms}
    invited |= {"ends_at_ms": None}
    assert ada() == invited
    sale.now_ms += HOUR_MS
    assert ada() == invited | {"state": "link expired"}
    sale.now_ms -= 1
    by(sale, LINK, Redeem(key=OWN))
    assert ada() == invited | {"state": "joined", "link_expires_at_ms": None}


def test_links_count_among_those_who_give_commands(sale: SmallSale) -> None:
    for number in range(CONTROLLERS_MAX - 3):
        another = msgspec.structs.replace(ADA, name=f"clerk-{number}", key=f"{number:040}")
        assert isinstance(sale.order(another), Done)
    assert code_of(sale.order(msgspec.structs.replace(ADA, name="one-more", key=OTHER))) is RejectCode.WRONG_STATE
