"""Whatever the text, a catalogue is read or refused with CatalogueError; nothing else comes out."""

from hypothesis import given
from hypothesis import strategies as st

from auctioneer.catalogue import CatalogueError, CatalogueKind, Fault, RunningSale, lot_from_fields, parse_catalogue
from auctioneer.catalogue.keys import LOT_FIELDS
from auctioneer.catalogue.rules import lot_faults
from auctioneer.catalogue.sheet import LOT_COLUMNS
from common.money import Currency

_VALUES = st.one_of(
    st.text(max_size=20).map(repr),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes(timezones=st.none() | st.timezones()).map(lambda moment: moment.isoformat()),
    st.sampled_from(
        [
            '"5"',
            "[[1, 2], [3, 4]]",
            '[["a"], []]',
            "true",
            "false",
            "{ window = '1s', cap = 5 }",
            "{ window = '1s', extension = '2s' }",
            "'90s'",
            "'none'",
            "'until closed'",
            "'after previous'",
            "'USD'",
            "'2026-05-01T19:00:00Z'",
            "0x" + "f" * 5000,
            "1e999999999",
            "1979-05-27",
            "07:32:00",
            "{}",
            "[]",
        ]
    ),
)
_KEYS = st.sampled_from(sorted(LOT_FIELDS | {"currency", "order", "ends", "lots_file", "x"}))
_LINES = st.one_of(
    st.builds("{} = {}".format, _KEYS, _VALUES),
    st.sampled_from(["[sale]", "[defaults]", "[[lot]]", "[lot]", "[lot.soft_close]", "# x", "", '"""']),
)
_TOML = st.lists(_LINES, max_size=15).map("\n".join)
_CELLS = st.one_of(
    st.text(max_size=10),
    st.sampled_from([*sorted(LOT_COLUMNS), "currency", "USD", "5", "0:1;5:2", "90s", "none", '"', "", "until closed"]),
)
_CSV = st.lists(st.lists(_CELLS, max_size=6).map(",".join), max_size=6).map("\n".join)
_TEXT = st.text(st.characters() | st.sampled_from("[]=\"'\n,;\t{}#."))


def faults_of(error: CatalogueError) -> tuple[Fault, ...]:
    """Return the faults, which must be there and steer no terminal."""
    assert error.faults
    assert all(fault.reason for fault in error.faults)
    assert "\x1b" not in str(error)
    return error.faults


def holds(text: str, kind: CatalogueKind) -> None:
    try:
        spec = parse_catalogue(text, "a", kind)
    except CatalogueError as error:
        faults_of(error)
        return
    assert not any(lot_faults(lot, spec.currency) for lot in spec.lots)
    assert len({lot.terms.lot for lot in spec.lots}) == len(spec.lots)


@given(_TOML | _TEXT)
def test_any_text_as_toml(text: str) -> None:
    holds(text, CatalogueKind.TOML)


@given(_TOML)
def test_any_keys_in_a_sound_sale(text: str) -> None:
    head = "[sale]\ntitle = 'A'\ncurrency = 'USD'\n[[lot]]\ntitle = 'A'\nstarting_price = 1\n"
    holds(head + text, CatalogueKind.TOML)


@given(_CSV | _TEXT)
def test_any_text_as_csv(text: str) -> None:
    holds(text, CatalogueKind.CSV)


@given(_CSV)
def test_any_rows_under_a_sound_header(text: str) -> None:
    holds("title,starting_price,currency,increment,opens,duration\nClock,1,USD\n" + text, CatalogueKind.CSV)


@given(st.dictionaries(st.sampled_from([*sorted(LOT_COLUMNS), "x"]), _CELLS))
def test_any_fields_of_the_command_line(fields: dict[str, str]) -> None:
    try:
        lot = lot_from_fields(fields, RunningSale(currency=Currency("USD", 2), known_lots=frozenset({"1"})))
    except CatalogueError as error:
        faults_of(error)
        return
    assert not lot_faults(lot, Currency("USD", 2))
