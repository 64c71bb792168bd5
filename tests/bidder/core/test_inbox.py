"""Notices that wait to be read: bounded, and what went is told."""

from bidder.core.inbox import Inbox
from bidder.core.notices import NoticesDropped, Outbid
from common.formats.english import EnglishBoard


def outbid(seq: int) -> Outbid:
    return Outbid("1", seq, 2, EnglishBoard(100))


def test_an_inbox_that_nobody_reads_stays_bounded_and_says_what_went() -> None:
    inbox = Inbox(3)
    for seq in range(5):
        inbox.put(outbid(seq))
    assert len(inbox) == 3
    assert [inbox.pop() for _ in range(5)] == [NoticesDropped(2), outbid(2), outbid(3), outbid(4), None]


def test_an_inbox_at_its_bound_drops_nothing() -> None:
    inbox = Inbox(2)
    inbox.put(outbid(1))
    inbox.put(outbid(2))
    assert [inbox.pop() for _ in range(3)] == [outbid(1), outbid(2), None]
