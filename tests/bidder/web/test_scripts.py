"""The rules in the pages' scripts, without a browser: node runs them beside the tests in `scripts/`.

Where the Python side has the same rule, or the specification, its answers are given to these tests as cases. So the
pages can't part from the house: they hold what its golden vectors make of a lot, and read and write amounts and times
alike.
"""

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from bidder.core.notices import LotChanged, SaleChanged, StateReady
from bidder.web.assets import STATIC
from bidder.web.first_screen import amount, left
from bidder.web.public_sale import LotUpdate, PublicSale, SaleUpdate
from bidder.web.words import CHOSEN_WORDS
from common.codec import decode_answer, decode_broadcast
from common.lot import LotStatus, LotView, SaleView
from common.lot_events import AnyLotEvent, Call, Called, LotPaused, LotResumed, LotRevised
from common.messages import LotEvents, Snapshot
from common.money import AmountError, Currency
from common.slips import is_far_above
from tests.bidder.web.lots import Hall, lot
from tests.bidder.web.test_public_sale import payload
from tests.english import english
from tests.test_docs_protocol import VECTORS

SCRIPTS: Final = Path(__file__).parent / "scripts"
NODE_MAJOR_MIN: Final = 20
TIMEOUT_S: Final = 60
RANDOM_STORIES: Final = 20
AMOUNTS: Final = 5_000
_PIECES: Final = (
    *("1", "12", "250", "1250", "0", "000", "5", "50"),
    *(",", ".", "'", "\N{RIGHT SINGLE QUOTATION MARK}", " ", "\u00a0") * 2,
)
_CURRENCIES: Final = (("USD", 2), ("EUR", 2), ("GBP", 2), ("CHF", 2), ("JPY", 0), ("KWD", 3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which node finds the scripts as modules, their tests, and the cases; skip without node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not there, so NO RULE OF THE PAGES' SCRIPTS WAS TRIED ALONE; install Node 20 or newer")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < NODE_MAJOR_MIN:
        pytest.skip(
            f"the scripts need node {NODE_MAJOR_MIN}, and this is {version}, so NO RULE OF THEM WAS TRIED ALONE"
        )
    folder = tmp_path_factory.mktemp("scripts")
    shutil.copytree(STATIC, folder / "static")
    shutil.copy(STATIC / "words" / "en.js", folder / "static" / CHOSEN_WORDS)
    for script in SCRIPTS.glob("*.mjs"):
        shutil.copy(script, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "cases.json").write_text(json.dumps(_cases()))
    return folder


@pytest.mark.parametrize("name", sorted(path.name for path in SCRIPTS.glob("*.test.mjs")))
def test_a_script_keeps_its_rules(folder: Path, name: str) -> None:
    command = ["node", "--test", "--test-reporter=spec", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr


# --- cases -----------------------------------------------------------------------------------------------------------


def _cases() -> dict[str, list[Any]]:
    return {
        "amounts": list(_amounts()),
        "typed": [
            {"minor": Currency("XXX", digits).parse(text), "digits": digits, "text": text}
            for digits in (0, 2, 3)
            for minor in (1, 9, 10, 99, 100, 1_000, 1_250, 123_456, 10**15)
            for text in [_plain(minor, digits)]
        ],
        "shown": [
            {"minor": minor, "code": code, "digits": digits, "language": language}
            | {"text": amount(minor, Currency(code, digits), language)}
            for code, digits in _CURRENCIES
            for language in ("en", "de", "fr")
            for minor in (1, 5, 100, 12_000, 12_345, 123_456, 100_000_000, 10**15)
        ],
        "far": [
            {
                "minor": minor,
                "least_minor": least,
                "estimate_high_minor": high,
                "isFar": is_far_above(minor, least, high),
            }
            for least in (1, 100, 999)
            for high in (None, 50, 100, 2_000)
            for minor in (least, 10 * least - 1, 10 * least, 10 * least + 1, 19_999, 20_000, 20_001)
        ],
        "left": [[ms, left(ms)] for ms in (0, 1, 999, 1_000, 59_001, 3_599_001, 3_600_000, 172_799_001, 172_800_001)],
        "stories": [*_stories_of_vectors(), *map(_random_story, range(RANDOM_STORIES))],
    }


def _amounts() -> Iterator[dict[str, Any]]:
    """Yield texts as people may type them, with the minor units as which the house reads them; None: it refuses."""
    chance = random.Random(7)
    for digits in (0, 2, 3):
        currency = Currency("XXX", digits)
        for _ in range(AMOUNTS):
            text = "".join(chance.choices(_PIECES, k=chance.randint(1, 5)))
            try:
                minor = currency.parse(text)
            except AmountError:
                minor = None
            yield {"text": text, "digits": digits, "minor": minor or None}  # nobody bids nothing


def _plain(minor: int, digits: int) -> str:
    """Return an amount as a sheet of the page fills it in."""
    whole, fraction = divmod(minor, 10**digits)
    return f"{whole}.{fraction:0{digits}}" if fraction else str(whole)


def _held(sale: PublicSale, view: SaleView) -> dict[str, Any]:
    """Return what a page must hold in the end."""
    head = {"epoch": sale.epoch, "identity": view.sale, "status": view.status.value}
    return {
        "lots": {number: json.loads(sale.whole(number)) for number in sale.lots},
        "sale": head | {"announcement": view.announcement, "order": list(sale.lots)},
    }


def _whole(sale: PublicSale) -> list[Any]:
    """Return what a phone gets that has just come."""
    lots = [json.loads(sale.whole(number)) for number in sale.lots]
    return [payload(sale.sale_frame), {"event": "lots", "epoch": sale.epoch, "lots": lots}]


def _stories_of_vectors() -> Iterator[dict[str, Any]]:
    """Yield what each event of a lot in the specification does to a lot of its format in the specification."""
    answers = [decode_answer(bytes.fromhex(vector["hex"])) for vector in VECTORS["answers"]]
    lots = [view for answer in answers if isinstance(answer, Snapshot) for view in answer.lots]
    for vector in VECTORS["broadcasts"]:
        message = decode_broadcast(bytes.fromhex(vector["hex"]))
        for event in message.events if isinstance(message, LotEvents) else ():
            yield _story_of(vector["name"], next(view for view in lots if _fits(view, event)), event)


def _fits(view: LotView, event: AnyLotEvent) -> bool:
    """Return whether an event can be one of this lot: its texts and its format are."""
    if isinstance(event, LotRevised):
        return view.lot == event.terms.lot
    return isinstance(view.board, type(getattr(event, "board", view.board)))


def _story_of(name: str, base: LotView, event: AnyLotEvent) -> dict[str, Any]:
    hall = Hall(replace(base, seq=event.seq - 1))
    sale = PublicSale()
    sale.hear(StateReady(1, hall.sale, 1), hall)
    records = _whole(sale)
    for update in sale.hear(hall.change(base.lot, event), hall):
        assert isinstance(update, LotUpdate)
        records.append(payload(update.frame))
    return {"name": f"{name}, seq {event.seq}", "records": records, **_held(sale, hall.sale)}


def _random_story(seed: int) -> dict[str, Any]:
    """Return a sale of which a page hears each record late, twice or never, and in the end what it missed."""
    chance = random.Random(seed)
    hall = Hall(*(lot(str(number)) for number in range(1, 5)))
    sale = PublicSale()
    sale.hear(StateReady(1, hall.sale, 4), hall)
    records, late = _whole(sale), []
    for _ in range(60):
        for update in sale.hear(_happening(hall, chance), hall):
            assert isinstance(update, LotUpdate | SaleUpdate)
            record = payload(update.frame)
            is_of_lot = isinstance(update, LotUpdate)
            records += [record] * (chance.choice((0, 1, 1, 2)) if is_of_lot else 1)
            late += [record] if is_of_lot else []
        if chance.random() < 0.3 and late:
            records.append(chance.choice(late))
    records += [payload(sale.newest({number: chance.random() < 0.5})[0]) for number in sale.lots]
    records += _whole(sale)[1:]
    return {"name": f"a sale at random, {seed}", "records": records, **_held(sale, hall.sale)}


def _happening(hall: Hall, chance: random.Random) -> LotChanged | SaleChanged:
    number = chance.choice(list(hall.views))
    view = hall.views[number]
    if chance.random() < 0.1:
        return hall.tell(Called(hall.sale.seq + 1, 0, number, chance.choice(list(Call))))
    if view.status is LotStatus.OPEN and chance.random() < 0.8:
        return hall.bid(number, english(view).minimum_minor, chance.randint(1, 9))
    if view.status is LotStatus.OPEN:
        return hall.change(number, LotPaused(view.seq + 1, 0, 5_000))
    return hall.change(number, LotResumed(view.seq + 1, 0, 9_000))
