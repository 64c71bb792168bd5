"""What the audit knows of commands does not grow with the record."""

from auctioneer.audit.done_again import CommandsAgain
from auctioneer.rules.sale_settings import AdmissionMode
from common.limits import REMEMBERED_REQUESTS_MAX
from tests.auctioneer.house.house_examples import START_MS
from tests.auctioneer.rules.random_sales import admitting, command_done, told


def test_effects_count_until_the_next_command_is_done_or_time_goes_on() -> None:
    again = CommandsAgain()
    again.note(admitting(AdmissionMode.OPEN))
    for number in range(1, 3 * REMEMBERED_REQUESTS_MAX):
        assert again.fault_of(command_done(number)) == "nothing was decided by clerk at that time"
        again.note(told(seq=number))
        assert again.fault_of(command_done(number)) == ""
        again.note(command_done(number))
    again.note(told(seq=1))
    later = admitting(AdmissionMode.INVITE)
    again.note(later.__class__(at_ms=START_MS + 1, settings=later.settings, by="auctioneer"))
    assert again.fault_of(command_done(1000)) == "nothing was decided by clerk at that time"
    assert len(again._effects) == 1
    assert len(again._done.kept) == REMEMBERED_REQUESTS_MAX
