"""Taking up a sale: a new one from its catalogue, or the one that the data directory holds.

After a crash, a stop or a full disk it is always the same path: open the journal, rebuild the house, extend open lots
by the outage, and store that.
"""

import os
import secrets
from collections.abc import Callable, Collection
from operator import itemgetter
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from auctioneer.catalogue import Tell, bundled_catalogue, load_catalogue, tell_nobody
from auctioneer.house.commands import ChangeOfKeys
from auctioneer.house.control.desk import forget
from auctioneer.house.control.keys import change_keys
from auctioneer.house.house import Batch, House
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import ChainEnd, Journal, JournalGoneError, Record, append
from auctioneer.journal.snapshots import Loaded, PassedOver
from auctioneer.process.clock import Clock
from auctioneer.process.folder import DataFolder, SaleMark
from auctioneer.process.options import RunOptions
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.facts import SaleCreated
from auctioneer.rules.sale_settings import NOTHING_CHOSEN, AdmissionMode, Chosen, SaleSettings, chosen_settings
from auctioneer.rules.terms import SaleSpec
from common.clerk_names import AUCTIONEER, HOUSE
from common.errors import RejectedError, UsageError

_Outcome = TypeVar("_Outcome")

RECENT_EVENTS = 20_000
"""The last facts, which are read so that clients can fill holes right after a restart; it takes some 30 ms."""


class OpenSale(NamedTuple):
    """A sale in hand: its journal, its house, and what was done to take it up (stored, not yet broadcast)."""

    journal: Journal
    house: House
    clock: Clock
    opened: Batch
    snapshot_position: int
    """Of the snapshot that was read; 0 where all facts were."""
    passed_over: tuple[PassedOver, ...]
    """Snapshots that did not count, and were removed."""
    settings_before: SaleSettings | None
    """By what the sale was run before it was taken up; None for a new one."""
    confirmed_ms: int
    """When that was sent to the store, which confirmed it."""


def load_spec(options: RunOptions, tell: Tell = tell_nobody) -> SaleSpec | None:
    """Return the catalogue that the operator named; None to go on with the sale that the directory has.

    `tell` gets what a person should know of the catalogue, though nothing is wrong with it. Raises UsageError for a
    catalogue with faults and where there is neither a catalogue nor a sale, and StorageError as `has_begun` does.
    """
    folder = options.folder
    folder.require_no_clerk("A house needs a directory of its own.", "Choose another directory with --data.")
    folder.require_one_record()
    is_begun = has_begun(folder)
    if options.catalogue is not None or options.is_example:
        path = options.catalogue
        spec = bundled_catalogue("example") if path is None else load_catalogue(path, tell)
        return replace(spec, corrections=True) if options.corrections else spec
    if options.corrections:
        raise UsageError(
            "Whether a sale has corrections is settled when it begins: give --corrections with a catalogue."
        )
    if not is_begun:
        raise UsageError(
            f"There is no sale in {options.data} to go on with. Name a catalogue, such as "
            "`auctioneer run evening.toml`, or try the example with `auctioneer run --example`. "
            "If a sale was held here, its files are gone: `auctioneer restore` brings it back from a backup."
        )
    return None


def has_begun(folder: DataFolder, *, was_held: bool = False) -> bool:
    """Return whether a sale was begun in a data directory; a house that died in its first start may leave none.

    `was_held` if it is known that one was. Raises JournalGoneError where one was and is gone, StorageError where the
    journal can't be read.
    """
    if folder.has_sale:
        journal = folder.store.read()
        try:
            if journal.position > 0:
                return True
        finally:
            journal.close()
    if was_held or folder.was_held:
        raise folder.journal_gone()
    return False


def open_sale(
    folder: DataFolder,
    settings: HouseSettings,
    spec: SaleSpec | None,
    clock: Clock | None = None,
    chosen: Chosen = NOTHING_CHOSEN,
    stored: ChainEnd | None = None,
    gone: Collection[str] = (),
) -> OpenSale:
    """Open the journal and hold its sale, run by what was chosen, or begin the sale of `spec` where there is none.

    A process that held the sale before gives the `clock` that it had: a new one would follow the machine's time of day,
    which may have been set back, and to its clients a process has one clock. It gives too what it had `stored`: the
    journal must go on from there. `gone` are the owners of the journal that can't live any more.

    Raises StorageError where the journal can't be read or written, JournalGoneError where it is not that of the sale
    that was held here, FencedError where another process owns it, and UsageError where `spec` is of another sale, or
    the sale can't be run by what was chosen.
    """
    if not folder.has_sale and (folder.was_held or stored is not None):
        raise folder.journal_gone()
    store = folder.store
    journal = store.take_over(settings.instance, gone) if stored is None else store.resume(settings.instance)
    settings = replace(settings, term=journal.owner.term)
    try:
        _require_goes_on(folder, journal, stored)
        clock = clock or Clock(journal.alive_ms)
        now_ms = clock.now_ms()
        is_new = journal.position == 0
        if is_new:
            _settings_by(chosen, SaleSettings())  # before anything is stored
            _begin(journal, spec, now_ms)
            alive_ms = now_ms
        else:
            alive_ms = journal.alive_ms
        loaded = folder.snapshots.load(journal)
        house = read_house(journal, loaded, settings, now_ms)
        keep_known(folder, house, loaded.passed_over)
        if spec is not None:
            _check_same_sale(folder, house, spec)
        position = 0 if loaded.saved is None else loaded.saved.position
        sale = hold(journal, house, clock, chosen, now_ms, alive_ms)
        settings_before = None if is_new else sale.settings_before
        return sale._replace(
            snapshot_position=position, passed_over=loaded.passed_over, settings_before=settings_before
        )
    except BaseException:
        journal.close()
        raise


def keep_known(folder: DataFolder, house: House, passed_over: tuple[PassedOver, ...]) -> None:
    """Have the directory know which sale is held, and lose the snapshots that are of no use to it.

    Raises JournalGoneError if another sale was held there, and StorageError.
    """
    folder.snapshots.tidy(passed_over)
    folder.keep_store()
    folder.keep_sale(SaleMark(house.engine.sale.sale, house.engine.sale.title))


def hold(journal: Journal, house: House, clock: Clock, chosen: Chosen, now_ms: int, alive_ms: int) -> OpenSale:
    """Begin to hold the sale of a house that was read from its journal; nobody has held it since `alive_ms`.

    That is stored on return. Raises as `open_sale` does, and leaves it to the caller to close the journal.
    """
    settings_before = house.sale_settings
    house.record(decisions.start(house.engine, now_ms, alive_ms, house.settings.instance))
    _run_by(house, chosen, now_ms)
    opened = house.flush()
    confirmed_ms = clock.now_ms()
    append(journal, opened.facts, opened.rejections, now_ms)
    house.stored(opened)
    return OpenSale(journal, house, clock, opened, 0, (), settings_before, confirmed_ms)


def _run_by(house: House, chosen: Chosen, now_ms: int) -> None:
    """Have the sale run by what was chosen; what is as before is no fact."""
    settings, listed = _settings_by(chosen, house.sale_settings)
    if settings != house.sale_settings:
        house.change_settings(now_ms, AUCTIONEER, settings)
    house.admit_listed(listed)


def _settings_by(chosen: Chosen, before: SaleSettings) -> tuple[SaleSettings, frozenset[str]]:
    """Return by what the sale is to be run, and the list of keys if that counts. Raises UsageError."""
    settings = chosen_settings(before, chosen)
    if chosen.invite and settings.admission is not AdmissionMode.INVITE:
        raise UsageError("An invite code counts only with --admit invite. Give both, or leave the code out.")
    if settings.fault:
        raise UsageError(f"The sale can't be run like this: {settings.fault}.")
    is_by_list = settings.admission is AdmissionMode.LIST
    return settings, chosen.admitted_keys() if is_by_list else frozenset()


def begin_paused(folder: DataFolder, spec: SaleSpec) -> None:
    """Begin a sale that nobody holds yet, and pause it at once; it stands still until somebody resumes it.

    Lots that open at the start are open, and paused like the sale; those that open a while later stay scheduled.
    Raises UsageError where a house runs or another sale is, StorageError.
    """
    folder.prepare()
    hold = folder.whereabouts.hold()
    try:
        begun = open_sale(folder, HouseSettings(instance="", publish_port=0), spec)
        try:
            now_ms = begun.clock.now_ms()
            begun.house.advance(now_ms)
            opened_ms = begun.house.engine.state.now_ms  # so that no lot has lost any of its time
            paused = decisions.pause_sale(begun.house.engine, opened_ms, AUCTIONEER)
            assert not isinstance(paused, Refused), "a sale that has just begun runs"
            begun.house.record(paused)
            append(begun.journal, begun.house.flush().facts, (), now_ms)
        finally:
            begun.journal.close()
    finally:
        os.close(hold)


def change_keys_offline(folder: DataFolder, command: ChangeOfKeys) -> None:
    """Let the key of a clerk or a partner count, or no longer, in a sale that nobody holds. Raises as `_offline`."""
    _offline(folder, lambda house, now_ms: change_keys(house, command, AUCTIONEER, now_ms, Clock(now_ms).now_ms()))


def forget_offline(folder: DataFolder, name_or_paddle: str) -> int:
    """Erase the contact of a person in a sale that nobody holds, and return the paddle. Raises as `_offline`."""
    return _offline(folder, lambda house, now_ms: forget(house, name_or_paddle, AUCTIONEER, now_ms)).paddle


def _offline(folder: DataFolder, carry_out: Callable[[House, int], _Outcome | Refused]) -> _Outcome:
    """Change something in a sale that nobody holds: `carry_out` gets the house and the time.

    The record's last moment stays as it is: the clocks stand until the sale is held. Raises UsageError where a house
    runs or there is no sale, RejectedError where the change is refused, StorageError.
    """
    folder.require_sale()
    hold = folder.whereabouts.hold()
    try:
        journal = folder.store.take_over(AUCTIONEER)
        try:
            alive_ms = journal.alive_ms
            loaded = folder.snapshots.load(journal)
            house = read_house(journal, loaded, HouseSettings(instance="", publish_port=0), alive_ms)
            outcome = carry_out(house, alive_ms)
            if isinstance(outcome, Refused):
                raise RejectedError(outcome.code, outcome.detail)
            batch = house.flush()
            append(journal, batch.facts, (), alive_ms, batch.contacts)
            return outcome
        finally:
            journal.close()
    finally:
        os.close(hold)


def read_house(journal: Record, loaded: Loaded, settings: HouseSettings, now_ms: int) -> House:
    """Return the house as its journal tells it, from the snapshot that was loaded for it, if there is one."""
    saved = loaded.saved
    after = 0 if saved is None else saved.position
    house = House.rebuild(
        settings,
        None if saved is None else saved.state,
        map(itemgetter(1), journal.read(after)),
        journal.rejections(),
        now_ms,
        journal.contacts(),
    )
    house.recall_history(fact for _, fact in journal.recent(RECENT_EVENTS))
    return house


def _require_goes_on(folder: DataFolder, journal: Journal, stored: ChainEnd | None) -> None:
    """Refuse a journal that lacks what was stored: somebody has put another one, or an older copy, in its place."""
    if stored is None:
        if journal.position == 0 and folder.was_held:
            raise folder.journal_gone()
    elif journal.position < stored.position or journal.hash_at(stored.position) != stored.hash:
        raise JournalGoneError(
            f"The journal {folder.store.place} is not the one that this house wrote up to fact {stored.position}: it "
            f"was replaced. Put that one back. To go on from a backup, stop the house and use `auctioneer restore`."
        )


def _begin(journal: Journal, spec: SaleSpec | None, now_ms: int) -> None:
    if spec is None:
        raise UsageError("There is no sale in the data directory, and no catalogue was given.")
    created = SaleCreated(
        at_ms=now_ms,
        sale=secrets.token_hex(8),
        title=spec.title,
        currency=spec.currency,
        epoch=1,
        ends_after_last_lot=spec.ends_after_last_lot,
        corrections=spec.corrections,
        lot_defaults=spec.lot_defaults,
        conditions=spec.conditions,
        retractions=spec.retractions,
        revived_answer_ms=spec.revived_answer_ms,
    )
    house = House.rebuild(HouseSettings(instance="", publish_port=0), None, [created], (), now_ms)
    listed = decisions.add(house.engine, now_ms, HOUSE, spec.lots)
    if isinstance(listed, Refused):
        raise UsageError(f"The catalogue can't be used: {listed.detail}.")
    append(journal, [created, *listed], (), now_ms)


def _check_same_sale(folder: DataFolder, house: House, spec: SaleSpec) -> None:
    """Refuse a catalogue that is not the one with which the sale in the directory was begun."""
    created = house.engine.state.created
    there = zip(house.engine.catalogue, spec.lots, strict=False)
    lots = tuple(given if lot.is_rewritten else lot.spec for lot, given in there)
    begun = SaleSpec(
        created.title,
        created.currency,
        lots,
        created.ends_after_last_lot,
        created.corrections,
        created.lot_defaults,
        created.conditions,
        created.retractions,
        created.revived_answer_ms,
    )
    if begun != spec:
        raise UsageError(
            f"{folder.path} holds another sale, {house.engine.sale.title!r}, or the catalogue was changed since it "
            "began. Run without a catalogue to go on with that sale (`auctioneer add` puts lots into it), or choose "
            "another directory with --data to begin a new one."
        )
