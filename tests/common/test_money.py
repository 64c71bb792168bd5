import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.limits import AMOUNT_MINOR_MAX
from common.money import AmountError, Currency

DOLLARS, YEN, DINARS = Currency("USD", 2), Currency("JPY", 0), Currency("KWD", 3)
CURRENCIES = st.sampled_from([DOLLARS, YEN, DINARS])
AMOUNTS = st.integers(0, AMOUNT_MINOR_MAX)


@given(CURRENCIES, AMOUNTS)
def test_what_is_written_is_read_back(currency: Currency, amount_minor: int) -> None:
    assert currency.parse(currency.plain(amount_minor)) == amount_minor
    assert currency.parse(currency.show(amount_minor)) == amount_minor


@pytest.mark.parametrize(
    ("currency", "text", "amount_minor"),
    [
        (DOLLARS, "1250", 125_000),
        (DOLLARS, "1,250.50", 125_050),
        (DOLLARS, "USD 12.5", 1_250),
        (DOLLARS, "12.5 USD", 1_250),
        (DOLLARS, "  12  ", 1_200),
        (DOLLARS, "0", 0),
        (DOLLARS, "0.01", 1),
        (DOLLARS, "1'000'000", 100_000_000),
        (DOLLARS, "1_000", 100_000),
        (DOLLARS, "1 000", 100_000),
        (DOLLARS, "0012", 1_200),
        (DOLLARS, "10000000000000", AMOUNT_MINOR_MAX),
        (YEN, "1250", 1_250),
        (YEN, "1000000000000000", AMOUNT_MINOR_MAX),
        (DINARS, "1.5", 1_500),
        (DINARS, "1.234", 1_234),
    ],
)
def test_what_people_type(currency: Currency, text: str, amount_minor: int) -> None:
    assert currency.parse(text) == amount_minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "USD",
        "-5",
        "+5",
        "1e3",
        "0x10",
        "nan",
        "inf",
        "1.",
        ".5",
        "12,5",
        "1,25,000",
        "1,2500",
        "1.250,00",
        "1..2",
        "1.2.3",
        "EUR 5",
        "$5",
        "5 5",
        "٣",
        "\uff15",
        "1\n2",
        "1,000,00",
        "½",
    ],
)
def test_what_is_not_an_amount(text: str) -> None:
    with pytest.raises(AmountError, match=r"is not an amount; write it as 1250\.00\."):
        DOLLARS.parse(text)


@pytest.mark.parametrize(
    ("currency", "text"), [(DOLLARS, "1.005"), (DOLLARS, "1.000"), (YEN, "5.0"), (DINARS, "0.0001")]
)
def test_decimals_are_refused_and_not_rounded(currency: Currency, text: str) -> None:
    with pytest.raises(AmountError, match=f"too many decimals: {currency.code} has {currency.decimals}"):
        currency.parse(text)


@pytest.mark.parametrize("text", ["10000000000000.01", "99999999999999", "9" * 400, "1" + ",000" * 300])
def test_more_than_the_largest_amount(text: str) -> None:
    with pytest.raises(AmountError, match=r"over the largest amount, USD 10,000,000,000,000\.00"):
        DOLLARS.parse(text)


@pytest.mark.parametrize(
    ("currency", "amount_minor", "plain", "shown"),
    [
        (DOLLARS, 125_050, "1250.50", "USD 1,250.50"),
        (DOLLARS, 0, "0.00", "USD 0.00"),
        (DOLLARS, 5, "0.05", "USD 0.05"),
        (DOLLARS, -125_050, "-1250.50", "USD -1,250.50"),
        (YEN, 1_250, "1250", "JPY 1,250"),
        (YEN, 0, "0", "JPY 0"),
        (DINARS, 7, "0.007", "KWD 0.007"),
    ],
)
def test_what_people_read(currency: Currency, amount_minor: int, plain: str, shown: str) -> None:
    assert currency.plain(amount_minor) == plain
    assert currency.show(amount_minor) == shown


def test_a_negative_amount_below_one_keeps_its_sign() -> None:
    assert DOLLARS.show(-50) == "USD -0.50"


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    for currency in (DOLLARS, YEN, DINARS):
        try:
            amount_minor = currency.parse(text)
        except AmountError:
            continue
        assert 0 <= amount_minor <= AMOUNT_MINOR_MAX
