"""Taking up a sale: a new one, the same again, and what becomes of the time in which nobody held it."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.admission import Admission
from auctioneer.house.commands import Appoint, ChangeRights, Dismiss
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import JournalGoneError, append
from auctioneer.journal.sqlite import SqliteStore
from auctioneer.process import startup
from auctioneer.process.clock import Clock
from auctioneer.process.folder import DataFolder
from auctioneer.process.options import RunOptions
from auctioneer.process.startup import (
    OpenSale,
    begin_paused,
    change_keys_offline,
    has_begun,
    load_spec,
    open_sale,
)
from auctioneer.rules import decisions
from auctioneer.rules.facts import HouseStarted, SaleCreated, SettingsChanged
from auctioneer.rules.sale_settings import NOTHING_CHOSEN, AdmissionMode, Chosen, Controller, SaleSettings
from auctioneer.rules.terms import Opening, OpeningRule, SaleSpec
from common.codec import encode
from common.errors import RejectedError, UsageError
from common.formats.english import BidRequest
from common.lot import ExtendCause, LotStatus, LotView
from common.lot_events import LotExtended
from common.messages import Accepted, Hello, Rejected, Replay, ReplayRequest, Role
from common.money import Currency
from tests.auctioneer.house.house_examples import ANN, DOLLARS, HOUR_MS, lot
from tests.english import english

SPEC = SaleSpec("A sale", DOLLARS, (lot("1"), lot("2", by_hand=True)))


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    return folder


def take_up(folder: DataFolder, spec: SaleSpec | None = None, instance: str = "first") -> OpenSale:
    return open_sale(folder, HouseSettings(instance=instance, publish_port=1), spec)


def stop(sale: OpenSale, *, alive_ms: int | None = None) -> None:
    """Commit what the house did, as of a time if one is given, and let go of the journal."""
    batch = sale.house.flush()
    append(sale.journal, batch.facts, batch.rejections, sale.clock.now_ms() if alive_ms is None else alive_ms)
    sale.journal.close()


def begun(folder: DataFolder, spec: SaleSpec = SPEC) -> OpenSale:
    """Begin a sale and let its clock open what opens at the start."""
    sale = take_up(folder, spec)
    sale.house.advance(sale.clock.now_ms())
    return sale


def view(sale: OpenSale, number: str) -> LotView:
    return sale.house.engine.lots[number].view


def test_a_sale_that_begins_paused_stands_still_until_it_is_resumed(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "new" / "data")
    later = msgspec.structs.replace(lot("2"), opening=Opening(OpeningRule.AT_TIME, delay_ms=1000))
    begin_paused(folder, SaleSpec("A sale", DOLLARS, (lot("1"), later)))
    sale = take_up(folder)
    now_ms = sale.clock.now_ms() + HOUR_MS
    sale.house.advance(now_ms)
    assert [lot.view.status for lot in sale.house.engine.catalogue] == [LotStatus.PAUSED, LotStatus.SCHEDULED]
    assert view(sale, "1").remaining_ms == HOUR_MS
    decided = decisions.resume_sale(sale.house.engine, now_ms, "auctioneer")
    assert not isinstance(decided, decisions.Refused)
    sale.house.record(decided)
    sale.house.advance(now_ms + 1000)
    assert [lot.view.status for lot in sale.house.engine.catalogue] == [LotStatus.OPEN] * 2
    stop(sale)
    with closing(folder.store.read()) as journal:
        assert verify(journal.read()).mismatch is None


def test_no_sale_begins_paused_where_another_was_begun_or_is_held(folder: DataFolder) -> None:
    stop(begun(folder))
    with pytest.raises(UsageError, match="holds another sale"):
        begin_paused(folder, SaleSpec("Another", DOLLARS))
    hold = folder.whereabouts.hold()
    try:
        with pytest.raises(UsageError, match="already runs"):
            begin_paused(folder, SPEC)
    finally:
        os.close(hold)


def test_a_new_sale_is_on_record_before_anybody_hears_of_it(folder: DataFolder) -> None:
    sale = take_up(folder, SPEC)
    sale.journal.close()
    journal = SqliteStore(folder.journal).read()
    facts = [fact for _, fact in journal.read()]
    journal.close()
    assert isinstance(facts[0], SaleCreated)
    assert (facts[0].title, facts[0].currency, facts[0].epoch) == ("A sale", DOLLARS, 1)
    assert [type(fact).__name__ for fact in facts[1:]] == ["LotListed", "LotListed", "HouseStarted"]
    assert isinstance(facts[-1], HouseStarted)
    assert (facts[-1].instance, facts[-1].outage_ms) == ("first", 0)


def test_a_folder_without_a_sale_needs_a_catalogue(folder: DataFolder) -> None:
    with pytest.raises(UsageError, match="no catalogue"):
        take_up(folder)
    sale = take_up(folder, SPEC)
    assert sale.house.engine.sale.lots == 2, "and the failed try left nothing in the way"
    sale.journal.close()


class Machine:
    """A machine's clocks: the time of day, which can be set, and the steady count."""

    def __init__(self) -> None:
        self.wall_ns = time.time_ns() // 1_000_000 * 1_000_000
        self.steady_ns = 7_000_000_000

    def clock(self, not_before_ms: int = 0) -> Clock:
        return Clock(not_before_ms, lambda: self.wall_ns, lambda: self.steady_ns)

    def pass_time(self, duration_ms: int) -> None:
        """Let time pass, awake or asleep."""
        self.wall_ns += duration_ms * 1_000_000
        self.steady_ns += duration_ms * 1_000_000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return the machine on which sales are held from now on."""
    machine = Machine()
    monkeypatch.setattr(startup, "Clock", machine.clock)
    return machine


def test_a_process_that_takes_the_sale_up_again_keeps_its_clock(folder: DataFolder, machine: Machine) -> None:
    """To its clients it is the same process; were its time set back, they would take lots for over that are open."""
    sale = begun(folder)
    stop(sale)
    before_ms, ends_at_ms = sale.clock.now_ms(), view(sale, "1").ends_at_ms
    assert ends_at_ms is not None
    machine.pass_time(5_000)
    machine.wall_ns -= HOUR_MS * 1_000_000
    settings = HouseSettings(instance="first", publish_port=1)
    again = open_sale(folder, settings, None, sale.clock)
    assert again.clock.now_ms() == before_ms + 5_000
    assert view(again, "1").ends_at_ms == ends_at_ms + 5_000, "and the outage is measured by it"
    again.journal.close()


@pytest.mark.parametrize("is_noted", [True, False], ids=["noted", "crashed at once"])
def test_a_sleep_of_the_machine_is_given_back_once_also_if_a_crash_follows(
    folder: DataFolder, machine: Machine, is_noted: bool
) -> None:
    sale = begun(folder)
    asleep_ms, ends_at_ms = sale.clock.now_ms(), view(sale, "1").ends_at_ms
    stop_ms = asleep_ms + HOUR_MS
    assert ends_at_ms is not None
    batch = sale.house.flush()
    append(sale.journal, batch.facts, batch.rejections, asleep_ms)
    machine.pass_time(HOUR_MS)
    assert sale.clock.now_ms() == stop_ms == machine.wall_ns // 1_000_000, "the times that it shows are right"
    if is_noted:
        sale.house.stood_still(stop_ms, stop_ms - asleep_ms)
        batch = sale.house.flush()
        append(sale.journal, batch.facts, batch.rejections, stop_ms)
        assert view(sale, "1").ends_at_ms == ends_at_ms + HOUR_MS
    sale.journal.close()
    again = take_up(folder, instance="second")
    assert view(again, "1").ends_at_ms == ends_at_ms + HOUR_MS
    again.journal.close()


@pytest.mark.parametrize("again", [None, SPEC])
def test_the_same_sale_goes_on(folder: DataFolder, again: SaleSpec | None) -> None:
    sale = begun(folder)
    now_ms = sale.clock.now_ms()
    sale.house.handle(ANN, encode(Hello(id=1, versions=(1,), name="Ann")), now_ms)
    bid = encode(BidRequest(id=10, lot="1", amount_minor=1500))
    refused = encode(BidRequest(id=11, lot="2", amount_minor=1500))
    verdicts = [sale.house.handle(ANN, body, now_ms) for body in (bid, refused)]
    assert [type(verdict) for verdict in verdicts] == [Accepted, Rejected]
    identity = sale.house.engine.sale.sale
    stop(sale)

    sale = take_up(folder, again, "second")
    assert sale.house.engine.sale.sale == identity
    assert sale.house.engine.epoch == 1
    assert [sale.house.handle(ANN, body, now_ms) for body in (bid, refused)] == verdicts
    sale.journal.close()


@pytest.mark.parametrize("with_snapshot", [False, True])
def test_holes_can_be_filled_right_after_a_restart(folder: DataFolder, with_snapshot: bool) -> None:
    sale = begun(folder)
    now_ms = sale.clock.now_ms()
    sale.house.handle(ANN, encode(Hello(id=1, versions=(1,), name="Ann")), now_ms)
    for request_id, amount_minor in ((10, 1500), (11, 1600)):
        sale.house.handle(ANN, encode(BidRequest(id=request_id, lot="1", amount_minor=amount_minor)), now_ms)
    batch = sale.house.flush()
    position = append(sale.journal, batch.facts, batch.rejections, now_ms)
    if with_snapshot:
        folder.snapshots.write(sale.journal.end, sale.house.snapshot())
    sale.journal.close()
    sale = take_up(folder)
    assert sale.snapshot_position == with_snapshot * position
    seq = view(sale, "1").seq
    for stream, last in (("1", seq), ("", sale.house.engine.sale.seq)):
        answer = sale.house.handle(ANN, encode(ReplayRequest(id=5, lot=stream, after_seq=0)), now_ms)
        assert isinstance(answer, Replay)
        assert [fact.seq for fact in answer.lot_events + answer.sale_events] == list(range(1, last + 1))
    sale.journal.close()


def test_a_sale_is_begun_whole_or_not_at_all(folder: DataFolder) -> None:
    take_up(folder, SPEC).journal.close()
    with closing(sqlite3.connect(folder.journal)) as reader:
        first = reader.execute("SELECT first, last FROM batch ORDER BY first").fetchone()
    assert first == (1, 1 + len(SPEC.lots)), "its creation and its lots are one batch"


def test_a_restart_reads_what_follows_the_snapshot_and_no_more(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is quick, however long the sale has gone on: here what is before it could not be read any more."""
    monkeypatch.setattr(startup, "RECENT_EVENTS", 1)
    sale = begun(folder)
    now_ms = sale.clock.now_ms()
    sale.house.handle(ANN, encode(Hello(id=1, versions=(1,), name="Ann")), now_ms)
    batch = sale.house.flush()
    append(sale.journal, batch.facts, batch.rejections, now_ms)
    folder.snapshots.put(sale.journal.end, sale.house.snapshot())
    sale.house.handle(ANN, encode(BidRequest(id=10, lot="1", amount_minor=1500)), now_ms)
    stop(sale)
    with closing(sqlite3.connect(folder.journal)) as writer, writer:
        writer.execute("UPDATE batch SET body = 'x' WHERE first = 1")
    sale = take_up(folder)
    assert english(view(sale, "1")).price_minor == 1500
    sale.journal.close()


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(SPEC, title="Another sale"),
        msgspec.structs.replace(SPEC, currency=Currency("EUR", 2)),
        msgspec.structs.replace(SPEC, ends_after_last_lot=True),
        msgspec.structs.replace(SPEC, lots=(lot("1", starting_minor=999), lot("2", by_hand=True))),
        msgspec.structs.replace(SPEC, lots=(lot("1", reserve_minor=2000), lot("2", by_hand=True))),
        msgspec.structs.replace(SPEC, lots=(*SPEC.lots, lot("3"))),
        msgspec.structs.replace(SPEC, lots=SPEC.lots[::-1]),
    ],
    ids=["title", "currency", "end", "price", "reserve", "more", "order"],
)
def test_another_catalogue_is_refused_and_nothing_is_written(folder: DataFolder, other: SaleSpec) -> None:
    sale = begun(folder)
    stop(sale)
    position = SqliteStore(folder.journal).read()
    before = position.position
    position.close()
    with pytest.raises(UsageError, match="holds another sale"):
        take_up(folder, other)
    sale = take_up(folder, SPEC)
    assert sale.journal.position > before
    assert isinstance(sale.opened.facts[0], HouseStarted)
    sale.journal.close()


def test_open_lots_get_the_time_back_in_which_nobody_held_the_sale(folder: DataFolder) -> None:
    sale = begun(folder)
    ends_at_ms = view(sale, "1").ends_at_ms
    assert ends_at_ms is not None
    alive_ms = sale.clock.now_ms() - 40_000
    stop(sale, alive_ms=alive_ms)

    sale = take_up(folder, instance="second")
    started = sale.opened.facts[0]
    assert isinstance(started, HouseStarted)
    assert (started.instance, started.outage_ms) == ("second", started.at_ms - alive_ms)
    assert started.outage_ms >= 40_000
    assert view(sale, "1").ends_at_ms == ends_at_ms + started.outage_ms
    assert len(sale.opened.facts) == 1, "an outage is one fact, and each open lot's extension follows from it"
    extended = LotExtended(2, started.at_ms, ExtendCause.OUTAGE, ends_at_ms + started.outage_ms)
    assert sale.opened.events == [("1", extended)]
    assert view(sale, "2").ends_at_ms is None
    sale.journal.close()
    sale = take_up(folder)
    assert (view(sale, "1").ends_at_ms or 0) - (ends_at_ms + started.outage_ms) < 30_000, "and only once"
    sale.journal.close()


def test_a_lot_that_ran_out_while_nobody_held_the_sale_is_still_open(folder: DataFolder) -> None:
    sale = begun(folder)
    ends_at_ms = view(sale, "1").ends_at_ms
    assert ends_at_ms is not None
    stop(sale, alive_ms=sale.clock.now_ms() - 2 * HOUR_MS)
    sale = take_up(folder)
    sale.house.advance(sale.clock.now_ms())
    assert (view(sale, "1").ends_at_ms or 0) >= ends_at_ms + 2 * HOUR_MS
    assert view(sale, "1").closed_at_ms is None
    sale.journal.close()


def test_the_clock_never_runs_backwards_over_a_restart(folder: DataFolder) -> None:
    """The machine's clock was an hour ahead when the house last wrote, and was set right since."""
    sale = begun(folder)
    ahead_ms = sale.clock.now_ms() + HOUR_MS
    ends_at_ms = view(sale, "1").ends_at_ms
    stop(sale, alive_ms=ahead_ms)
    sale = take_up(folder)
    assert sale.clock.now_ms() >= ahead_ms
    started = sale.opened.facts[0]
    assert isinstance(started, HouseStarted)
    assert started.at_ms >= ahead_ms
    assert started.outage_ms < 30_000
    assert (view(sale, "1").ends_at_ms or 0) - (ends_at_ms or 0) < 30_000
    sale.journal.close()


def test_a_catalogue_that_the_sale_refuses_begins_nothing(folder: DataFolder) -> None:
    with pytest.raises(UsageError, match="there is already a lot 1"):
        take_up(folder, msgspec.structs.replace(SPEC, lots=(lot("1"), lot("1"))))
    assert not has_begun(folder)


def handles_of(path: Path) -> list[str]:
    """Return which of this process's handles lead to a file."""
    handles = Path("/proc/self/fd")
    return [name for name in os.listdir(handles) if os.path.realpath(handles / name) == str(path.resolve())]


def test_a_failed_start_lets_go_of_the_journal(folder: DataFolder) -> None:
    stop(begun(folder))
    with pytest.raises(UsageError) as failure:
        take_up(folder, msgspec.structs.replace(SPEC, title="Another sale"))
    assert failure.tb is not None, "what failed is still held by whoever tells of it, and the journal is free"
    assert not handles_of(folder.journal)
    sale = take_up(folder)
    assert handles_of(folder.journal)
    sale.journal.close()


def test_without_a_catalogue_a_new_folder_has_nothing_to_hold_and_an_old_one_its_own(folder: DataFolder) -> None:
    """A directory that is gone, or a slip in its name, must not bring up another sale than the one that was meant."""
    with pytest.raises(UsageError, match="no sale"):
        load_spec(RunOptions(folder.path))
    example = load_spec(RunOptions(folder.path, is_example=True))
    assert example is not None
    assert example.lots
    stop(begun(folder))
    assert load_spec(RunOptions(folder.path)) is None


def test_a_journal_without_a_sale_is_as_none(folder: DataFolder) -> None:
    """A house that died in its very first start leaves one, and must come up by itself with the same catalogue."""
    SqliteStore(folder.journal).take_over("").close()
    assert folder.has_sale
    assert not has_begun(folder)
    example = load_spec(RunOptions(folder.path, is_example=True))
    assert example is not None
    sale = begun(folder, example)
    assert has_begun(folder), "which can be told also while a house holds it"
    sale.journal.close()


# --- how the sale is run ---------------------------------------------------------------------------------------------

BY_INVITATION = Chosen(AdmissionMode.INVITE, new_invite="made", auctioneer_key="c" * 40)


def run_by(folder: DataFolder, chosen: Chosen = NOTHING_CHOSEN, spec: SaleSpec | None = None) -> OpenSale:
    return open_sale(folder, HouseSettings(instance="one", publish_port=1), spec, chosen=chosen)


def changed(sale: OpenSale) -> list[SettingsChanged]:
    return [fact for fact in sale.opened.facts if isinstance(fact, SettingsChanged)]


def test_how_a_sale_is_run_is_in_its_record_and_stays_until_it_is_chosen_anew(folder: DataFolder) -> None:
    sale = run_by(folder, BY_INVITATION, SPEC)
    (fact,) = changed(sale)
    assert fact.settings == SaleSettings(
        AdmissionMode.INVITE, "made", (Controller("auctioneer", Role.AUCTIONEER, "c" * 40),)
    )
    assert (fact.by, sale.settings_before) == ("auctioneer", None)
    sale.journal.close()
    for chosen in (NOTHING_CHOSEN, BY_INVITATION, Chosen(new_invite="another")):
        sale = run_by(folder, chosen)
        assert changed(sale) == [], "what is as it was is no fact"
        assert sale.house.sale_settings == sale.settings_before == fact.settings
        assert sale.house.admission == Admission(AdmissionMode.INVITE, "made")
        assert list(sale.house.controllers) == ["c" * 40]
        sale.journal.close()
    sale = run_by(folder, Chosen(AdmissionMode.OPEN))
    assert [fact.settings.admission for fact in changed(sale)] == [AdmissionMode.OPEN]
    assert (sale.settings_before, sale.house.admission.mode) == (fact.settings, AdmissionMode.OPEN)
    sale.journal.close()


def test_a_snapshot_has_how_the_sale_is_run(folder: DataFolder) -> None:
    sale = run_by(folder, BY_INVITATION, SPEC)
    folder.snapshots.write(sale.journal.end, sale.house.snapshot())
    settings = sale.house.sale_settings
    sale.journal.close()
    again = run_by(folder)
    assert again.snapshot_position > 0
    assert again.house.sale_settings == settings
    again.journal.close()


def test_a_sale_that_can_not_be_run_as_was_chosen_is_not_begun_nor_changed(folder: DataFolder) -> None:
    def unreadable() -> frozenset[str]:
        raise UsageError("admitted-keys.txt, line 1: no key")

    wrong = {
        "only with --admit invite": Chosen(invite="code"),
        "can't be in a link": Chosen(AdmissionMode.INVITE, "two words"),
        "line 1": Chosen(AdmissionMode.LIST, admitted_keys=unreadable),
    }
    for fault, chosen in wrong.items():
        with pytest.raises(UsageError, match=fault):
            run_by(folder, chosen, SPEC)
        assert not has_begun(folder)
    sale = run_by(folder, Chosen(admitted_keys=unreadable), SPEC)
    position = sale.journal.position
    sale.journal.close()
    for fault, chosen in wrong.items():
        with pytest.raises(UsageError, match=fault):
            run_by(folder, chosen)
    sale = run_by(folder)
    assert sale.journal.position == position + len(sale.opened.facts)
    sale.journal.close()


def test_the_list_of_keys_counts_where_the_sale_admits_by_it(folder: DataFolder) -> None:
    listed = Chosen(AdmissionMode.LIST, admitted_keys=lambda: frozenset({ANN}))
    run_by(folder, listed, SPEC).journal.close()
    sale = run_by(folder, listed._replace(admission=None))
    assert sale.house.admission == Admission(AdmissionMode.LIST, listed=frozenset({ANN}))
    sale.journal.close()


def test_clerks_are_recorded_while_nobody_holds_the_sale_and_no_time_passes(folder: DataFolder) -> None:
    sale = run_by(folder, BY_INVITATION, SPEC)
    stop(sale, alive_ms=sale.clock.now_ms())
    with closing(SqliteStore(folder.journal).read()) as journal:
        before = journal.end.position, journal.alive_ms
    change_keys_offline(folder, Appoint(name="bea", key="b" * 40, rights=(), valid_ms=HOUR_MS))
    change_keys_offline(folder, ChangeRights(name="bea", rights=()))  # as they are: no fact
    with pytest.raises(RejectedError, match="clerk's name"):
        change_keys_offline(folder, Dismiss(name="auctioneer"))
    with closing(SqliteStore(folder.journal).read()) as journal:
        assert (journal.end.position - 1, journal.alive_ms) == before
        assert verify(journal.read()).mismatch is None
    hold = folder.whereabouts.hold()
    with pytest.raises(UsageError, match="runs on"):
        change_keys_offline(folder, Dismiss(name="bea"))
    os.close(hold)
    sale = run_by(folder)
    assert [one.name for one in sale.house.sale_settings.controllers] == ["auctioneer", "bea"]
    sale.journal.close()


# --- a directory whose journal is gone -------------------------------------------------------------------------------


def without_journal(folder: DataFolder) -> DataFolder:
    """Take the journal of a sale that was held away, as by a slip of somebody's hand."""
    stop(begun(folder))
    folder.journal.unlink()
    for suffix in ("-wal", "-shm"):
        Path(f"{folder.journal}{suffix}").unlink(missing_ok=True)
    return folder


@pytest.mark.parametrize("spec", [None, SPEC])
def test_no_other_sale_is_begun_where_the_journal_is_gone(folder: DataFolder, spec: SaleSpec | None) -> None:
    before = {path.name for path in without_journal(folder).path.iterdir()}
    with pytest.raises(JournalGoneError, match=r"The sale 'A sale' was held on .*, and its journal is gone"):
        take_up(folder, spec)
    assert {path.name for path in folder.path.iterdir()} == before, "and nothing is put in its place"


@pytest.mark.parametrize("catalogue", [None, Path("evening.toml")])
def test_it_is_told_before_a_catalogue_is_read(folder: DataFolder, catalogue: Path | None) -> None:
    with pytest.raises(JournalGoneError):
        load_spec(RunOptions(without_journal(folder).path, catalogue=catalogue))


def test_an_empty_journal_in_its_place_is_no_sale_to_begin(folder: DataFolder) -> None:
    SqliteStore(without_journal(folder).journal).take_over("").close()
    for spec in (None, SPEC):
        with pytest.raises(JournalGoneError):
            take_up(folder, spec)
    with pytest.raises(JournalGoneError):
        has_begun(folder)


def test_the_journal_of_another_sale_does_not_take_its_place(folder: DataFolder, tmp_path: Path) -> None:
    other = DataFolder(tmp_path / "other")
    other.prepare()
    stop(begun(other, msgspec.structs.replace(SPEC, title="Another")))
    other.journal.rename(without_journal(folder).journal)
    with pytest.raises(JournalGoneError, match="holds another one, 'Another'"):
        take_up(folder)


@pytest.mark.parametrize("trace", ["sale.json", "house.json", "snapshot-9"])
def test_whatever_a_house_leaves_tells_that_a_sale_was_held(folder: DataFolder, trace: str) -> None:
    (folder.path / trace).write_bytes(b"")
    with pytest.raises(JournalGoneError, match="A sale was held on"):
        load_spec(RunOptions(folder.path))


def test_what_a_first_start_makes_before_the_sale_is_on_the_disk_stands_in_no_ones_way(folder: DataFolder) -> None:
    folder.keys.house()
    folder.keys.make_control()
    SqliteStore(folder.journal).take_over("").close()
    assert load_spec(RunOptions(folder.path, is_example=True)) is not None
    stop(begun(folder))
    (folder.path / "sale.json").unlink()
    stop(take_up(folder))
    assert folder.whereabouts.sale() is not None, "it died before it had noted which sale it was"


def test_who_knows_that_a_sale_was_held_begins_none_even_where_nothing_is_left(tmp_path: Path) -> None:
    """As a watchdog does, whose whole directory was removed."""
    with pytest.raises(JournalGoneError):
        has_begun(DataFolder(tmp_path / "nothing"), was_held=True)


def test_a_process_takes_up_only_the_journal_that_it_wrote(folder: DataFolder) -> None:
    sale = begun(folder)
    now_ms = sale.clock.now_ms()
    copy = folder.path / "copy"
    batch = sale.house.flush()
    append(sale.journal, batch.facts, (), now_ms)
    SqliteStore(folder.journal).copy(copy)
    append(sale.journal, [HouseStarted(at_ms=now_ms, instance="first", outage_ms=0)], (), now_ms)
    stored = sale.journal.end
    sale.journal.close()
    settings = HouseSettings(instance="first", publish_port=1)
    own = folder.journal.rename(folder.path / "own")
    with pytest.raises(JournalGoneError, match="is gone"):
        open_sale(folder, settings, None, sale.clock, stored=stored)
    copy.rename(folder.journal)
    with pytest.raises(JournalGoneError, match="it was replaced"):
        open_sale(folder, settings, None, sale.clock, stored=stored)
    own.rename(folder.journal)
    open_sale(folder, settings, None, sale.clock, stored=stored).journal.close()


def test_a_sale_begins_with_corrections_if_that_is_said(tmp_path: Path) -> None:
    options = RunOptions(tmp_path / "sale", None, is_example=True, corrections=True)
    spec = load_spec(options)
    assert spec is not None
    assert spec.corrections
    with pytest.raises(UsageError, match="--corrections"):
        load_spec(RunOptions(tmp_path / "sale", corrections=True))
