"""What a right catalogue in TOML means, key by key."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auctioneer.catalogue import CatalogueError, CatalogueKind, bundled_catalogue, load_catalogue, parse_catalogue
from auctioneer.catalogue import lots as catalogue_lots
from auctioneer.catalogue.keys import LOT_FIELDS
from auctioneer.catalogue.sale import SALE_FIELDS
from auctioneer.catalogue.sheet import LOT_COLUMNS
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.terms import DEFAULT_DURATION_MS, LotSpec, Opening, OpeningRule, SaleSpec
from common.formats.dutch import DutchTerms
from common.formats.english import EnglishTerms, Step
from common.formats.sealed import Pays, SealedTerms
from common.limits import LOTS_MAX
from common.lot import LotTerms, SoftClose
from common.money import Currency
from tests.english import english_terms

USD = Currency("USD", 2)
EXAMPLES = Path(__file__).parents[3] / "examples" / "catalogues"
EVENING_MS = int(datetime(2026, 5, 1, 17, 0, tzinfo=UTC).timestamp()) * 1000


def sale(text: str) -> SaleSpec:
    return parse_catalogue(text, "a.toml", CatalogueKind.TOML)


def lots(text: str, *, head: str = "", defaults: str = "", currency: str = "USD") -> tuple[LotSpec, ...]:
    return sale(f'[sale]\ntitle = "A"\ncurrency = "{currency}"\n{head}\n[defaults]\n{defaults}\n{text}').lots


def lot(fields: str, **more: str) -> LotSpec:
    if "starting_price" not in fields:
        fields = f'starting_price = "10"\n{fields}'
    (spec,) = lots(f'[[lot]]\ntitle = "Clock"\n{fields}', **more)
    return spec


def test_a_lot_that_says_the_least_has_the_documented_defaults() -> None:
    assert lot("") == LotSpec(
        LotTerms(
            lot="1",
            title="Clock",
            format=EnglishTerms(10_00, default_increments(USD)),
            duration_ms=DEFAULT_DURATION_MS,
        ),
        reserve_minor=None,
        opening=Opening(OpeningRule.AT_START),
    )


def test_a_lot_that_says_everything() -> None:
    spec = lot(
        """
        number = "12a"
        starting_price = "100"
        increment = [["0.01", "0.05"], ["1", "0.25"]]
        reserve = "250"
        buy_now = "1,000.00"
        estimate_low = 300
        estimate_high = 450.50
        opens = "after previous"
        duration = "2m30s"
        soft_close = { window = "30s", extension = "20s", cap = "10m" }
        seller = "Ann"
        description = "Oak case.\\nKeeps time."
        image = "https://example.org/clock.jpg"
        """
    )
    assert spec.reserve_minor == 250_00
    assert spec.terms == LotTerms(
        lot="12a",
        title="Clock",
        format=EnglishTerms(100_00, (Step(1, 5), Step(100, 25)), has_reserve=True, buy_now_minor=1000_00),
        description="Oak case.\nKeeps time.",
        image="https://example.org/clock.jpg",
        seller="Ann",
        estimate_low_minor=300_00,
        estimate_high_minor=450_50,
        duration_ms=150_000,
        soft_close=SoftClose(30_000, 20_000, 600_000),
    )


@pytest.mark.parametrize(
    ("currency", "written", "minor"),
    [
        ("USD", '"12.50"', 1250),
        ("USD", "12.50", 1250),
        ("USD", "12.5", 1250),
        ("USD", "12", 1200),
        ("USD", "1_000.50", 100_050),
        ("USD", "90071992547.41", 9_007_199_254_741),
        ("USD", "1234567890123.45", 123_456_789_012_345),
        ("USD", "10_000_000_000_000.00", 10**15),
        ("USD", '"USD 1,250.50"', 125_050),
        ("JPY", "1250", 1250),
        ("JPY", "1_000_000_000_000_000", 10**15),
        ("KWD", "1.005", 1005),
        ("KWD", '"1.5"', 1500),
    ],
)
def test_amounts_are_exact(currency: str, written: str, minor: int) -> None:
    assert (
        english_terms(lot(f"starting_price = 1\nbuy_now = {written}", currency=currency).terms).buy_now_minor == minor
    )


@pytest.mark.parametrize(
    ("written", "steps"),
    [
        ('"5"', (Step(0, 500),)),
        ("5", (Step(0, 500),)),
        ("0.5", (Step(0, 50),)),
        ('[["0", "5"]]', (Step(0, 500),)),
        ('[[0, 0.05], ["1", 1]]', (Step(0, 5), Step(100, 100))),
        ('"0.01:0.05; 1:0.25"', (Step(1, 5), Step(100, 25))),
        ('"0:1;"', (Step(0, 100),)),
    ],
)
def test_increments(written: str, steps: tuple[Step, ...]) -> None:
    assert english_terms(lot(f"increment = {written}").terms).increments == steps


def test_the_default_increments_follow_the_currency() -> None:
    assert english_terms(lot("", currency="JPY").terms).increments == default_increments(Currency("JPY", 0))


@pytest.mark.parametrize(
    ("written", "opening"),
    [
        ('"at start"', Opening(OpeningRule.AT_START)),
        ('" By  Hand "', Opening(OpeningRule.BY_HAND)),
        ('"90s"', Opening(OpeningRule.AT_TIME, delay_ms=90_000)),
        ('"0s"', Opening(OpeningRule.AT_TIME, delay_ms=0)),
        ('"2026-05-01T19:00:00+02:00"', Opening(OpeningRule.AT_TIME, at_ms=EVENING_MS)),
        ('"2026-05-01 17:00Z"', Opening(OpeningRule.AT_TIME, at_ms=EVENING_MS)),
        ("2026-05-01T19:00:00+02:00", Opening(OpeningRule.AT_TIME, at_ms=EVENING_MS)),
        ("2026-05-01T17:00:00.125Z", Opening(OpeningRule.AT_TIME, at_ms=EVENING_MS + 125)),
        ("1970-01-01T00:00:00Z", Opening(OpeningRule.AT_TIME, at_ms=0)),
    ],
)
def test_openings(written: str, opening: Opening) -> None:
    assert lot(f"opens = {written}").opening == opening


THREE = "".join(f'[[lot]]\ntitle = "{title}"\nstarting_price = 1\n' for title in "ABC")


@pytest.mark.parametrize(
    ("head", "rules"),
    [
        ("", ["at start", "at start", "at start"]),
        ('order = "parallel"', ["at start", "at start", "at start"]),
        ('order = "sequence"', ["at start", "after previous", "after previous"]),
        ('order = "by hand"', ["by hand", "by hand", "by hand"]),
    ],
)
def test_the_order_of_the_sale_is_the_default_opening(head: str, rules: list[str]) -> None:
    assert [spec.opening.rule.value for spec in lots(THREE, head=head)] == rules


def test_after_previous_on_the_first_lot_means_at_start() -> None:
    rules = [spec.opening.rule for spec in lots(THREE, defaults='opens = "after previous"')]
    assert rules == [OpeningRule.AT_START, OpeningRule.AFTER_PREVIOUS, OpeningRule.AFTER_PREVIOUS]


@pytest.mark.parametrize(
    ("written", "duration_ms"),
    [('"100ms"', 100), ('"366d"', 366 * 86_400_000), ('"until closed"', None), ('"none"', None), ("false", None)],
)
def test_durations(written: str, duration_ms: int | None) -> None:
    assert lot(f"duration = {written}").terms.duration_ms == duration_ms


@pytest.mark.parametrize(
    ("written", "soft_close"),
    [
        ("false", None),
        ('"none"', None),
        ('{ window = "30s" }', SoftClose(30_000, 30_000, None)),
        ('{ window = "30s", extension = "1m" }', SoftClose(30_000, 60_000, None)),
        ('{ window = "30s", extension = "1m", cap = "1m" }', SoftClose(30_000, 60_000, 60_000)),
        ('{ window = "30s", cap = "none" }', SoftClose(30_000, 30_000, None)),
    ],
)
def test_soft_closes(written: str, soft_close: SoftClose | None) -> None:
    assert lot(f"soft_close = {written}").terms.soft_close == soft_close


DEFAULTS = """
starting_price = "20"
increment = "5"
reserve = "50"
buy_now = "90"
duration = "1h"
seller = "Ann"
soft_close = { window = "30s" }
opens = "by hand"
"""


def test_defaults_hold_for_a_lot_that_does_not_say_otherwise() -> None:
    (spec,) = lots('[[lot]]\ntitle = "A"', defaults=DEFAULTS)
    assert english_terms(spec.terms).starting_minor == 20_00
    assert english_terms(spec.terms).increments == (Step(0, 500),)
    assert (spec.reserve_minor, english_terms(spec.terms).has_reserve) == (50_00, True)
    assert english_terms(spec.terms).buy_now_minor == 90_00
    assert spec.terms.duration_ms == 3_600_000
    assert spec.terms.seller == "Ann"
    assert spec.terms.soft_close == SoftClose(30_000, 30_000)
    assert spec.opening.rule is OpeningRule.BY_HAND


def test_a_lot_overrides_the_defaults_also_with_nothing() -> None:
    own = 'starting_price = 5\nreserve = false\nbuy_now = "none"\nsoft_close = false\nseller = ""\nopens = "at start"'
    (spec,) = lots(f'[[lot]]\ntitle = "A"\n{own}', defaults=DEFAULTS)
    assert english_terms(spec.terms).starting_minor == 5_00
    assert (spec.reserve_minor, english_terms(spec.terms).has_reserve) == (None, False)
    assert (english_terms(spec.terms).buy_now_minor, spec.terms.soft_close, spec.terms.seller) == (None, None, "")
    assert spec.opening.rule is OpeningRule.AT_START


def test_a_lot_without_a_clock_takes_no_soft_close_from_the_defaults() -> None:
    spec = lot('duration = "until closed"', defaults='soft_close = { window = "30s" }')
    assert (spec.terms.duration_ms, spec.terms.soft_close) == (None, None)


def test_the_default_number_is_the_position() -> None:
    text = THREE.replace('title = "B"', 'title = "B"\nnumber = 7')
    assert [spec.terms.lot for spec in lots(text)] == ["1", "7", "3"]


@pytest.mark.parametrize(
    ("ends", "expected"), [("", False), ('ends = "by hand"', False), ('ends = "after last lot"', True)]
)
def test_how_the_sale_ends(ends: str, *, expected: bool) -> None:
    spec = sale(f'[sale]\ntitle = "A"\ncurrency = "USD"\n{ends}\n{THREE}')
    assert spec.ends_after_last_lot is expected
    assert (spec.title, spec.currency) == ("A", USD)


def test_a_sale_that_takes_its_lots_later_may_begin_without_any() -> None:
    assert sale('[sale]\ntitle = "A"\ncurrency = "USD"').lots == ()


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "A.TOML"
    text = '[sale]\ntitle = "A"\ncurrency = "USD"\n[[lot]]\ntitle = "B"\nstarting_price = 1\ndescription = """x\ny"""\n'
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_catalogue(path).lots[0].terms.description == "x\ny"


def with_lots(count: int) -> SaleSpec:
    return parse_catalogue("title,starting_price,currency\n" + "A,1,USD\n" * count, "a.csv", CatalogueKind.CSV)


def test_the_bound_on_lots_is_met_to_the_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a smaller bound: a hundred thousand lots take seconds to read."""
    monkeypatch.setattr(catalogue_lots, "LOTS_MAX", 100)
    assert len(with_lots(100).lots) == 100
    with pytest.raises(CatalogueError, match="more lots than the 100 "):
        with_lots(101)


@pytest.mark.thorough
def test_more_lots_than_a_sale_can_have_are_refused() -> None:
    with pytest.raises(CatalogueError, match="more lots than the 100,000"):
        with_lots(LOTS_MAX + 1)


@pytest.mark.torture
def test_as_many_lots_as_a_sale_can_have_are_read() -> None:
    assert len(with_lots(LOTS_MAX).lots) == LOTS_MAX


def test_the_bundled_example_opens_some_lots_at_once_for_minutes() -> None:
    spec = bundled_catalogue("example")
    rules = [lot.opening.rule for lot in spec.lots]
    assert 5 <= len(rules) <= 8
    assert set(rules) == {OpeningRule.AT_START, OpeningRule.AFTER_PREVIOUS}
    assert rules[:2] == [OpeningRule.AT_START] * 2
    assert all(lot.terms.duration_ms is not None and lot.terms.duration_ms >= 180_000 for lot in spec.lots)


def test_the_bundled_demo_is_over_within_24_seconds() -> None:
    spec = bundled_catalogue("demo")
    formats = [type(lot.terms.format) for lot in spec.lots]
    english = [lot for lot in spec.lots if isinstance(lot.terms.format, EnglishTerms)]
    sealed = [lot.terms.format.pays for lot in spec.lots if isinstance(lot.terms.format, SealedTerms)]
    assert (len(english), set(sealed), formats.count(DutchTerms)) == (12, set(Pays), 1)
    assert spec.ends_after_last_lot
    assert {lot.opening.rule for lot in spec.lots} == {OpeningRule.AT_START}
    for lot in spec.lots:
        soft_close, duration_ms = lot.terms.soft_close, lot.terms.duration_ms
        assert soft_close == (SoftClose(2_000, 2_000, 6_000) if lot in english else None)
        assert duration_ms is not None
        assert 8_000 <= duration_ms <= 18_000
    assert sum(lot.reserve_minor is not None for lot in spec.lots) >= 2
    assert any(english_terms(lot.terms).buy_now_minor for lot in english)
    assert len({english_terms(lot.terms).increments for lot in english}) >= 4


def test_another_bundled_name_is_refused() -> None:
    with pytest.raises(CatalogueError, match="There is no catalogue 'nope'; there are demo, example"):
        bundled_catalogue("nope")


@pytest.mark.parametrize(
    ("name", "lots"), [("charity-evening.toml", 5), ("four-formats.toml", 4), ("spreadsheet.csv", 5)]
)
def test_the_examples_are_right(name: str, lots: int) -> None:
    assert len(load_catalogue(EXAMPLES / name).lots) == lots


def test_the_manual_has_every_key_and_its_example_is_right() -> None:
    manual = (EXAMPLES.parents[1] / "docs" / "catalogue.md").read_text(encoding="utf-8")
    documented = {key for row in manual.splitlines() if row.startswith("| `") for key in row.split("|")[1].split("`")}
    assert documented >= LOT_FIELDS | SALE_FIELDS | LOT_COLUMNS
    example = manual.partition("```toml\n")[2].partition("```")[0]
    assert [lot.terms.duration_ms for lot in sale(example).lots] == [300_000, 600_000]
