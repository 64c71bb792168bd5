import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.limits import AMOUNT_MINOR_MAX
from common.money import AmountError, Currency, DecimalMark, codes_of, decimal_mark, units_of

DOLLARS, YEN, DINARS = Currency("USD", 2), Currency("JPY", 0), Currency("KWD", 3)
EUROS, POUNDS = Currency("EUR", 2), Currency("GBP", 2)
POINT, COMMA, UNKNOWN = DecimalMark.POINT, DecimalMark.COMMA, DecimalMark.UNKNOWN
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
        (YEN, "1,250", 1_250),
        (DINARS, "1.5", 1_500),
        (DINARS, "1.234", 1_234),
        (DINARS, "0,125", 125),
        (DINARS, "1250,125", 1_250_125),
        (EUROS, "12,5", 1_250),
        (EUROS, "50,00 €", 5_000),
        (EUROS, "€ 50", 5_000),
        (EUROS, "€50.00", 5_000),
        (EUROS, "eur 50", 5_000),
        (EUROS, "1.250,00", 125_000),
        (EUROS, "1,250,000", 125_000_000),
        (EUROS, "1.250.000,5", 125_000_050),
        (EUROS, "1\u00a0250,00\u00a0€", 125_000),
        (EUROS, "1\u202f250,00", 125_000),
        (EUROS, "1\u2019250.50", 125_050),
        (EUROS, "20,-", 2_000),
        (EUROS, "20,\u2013 €", 2_000),
        (EUROS, "20.-", 2_000),
        (EUROS, "1.250,--", 125_000),
        (POUNDS, "£200", 20_000),
        (DOLLARS, "$5", 500),
        (DOLLARS, "US$ 5", 500),
        (Currency("CHF", 2), "Fr. 20.-", 2_000),
        (YEN, "\uffe5500", 500),
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
        "5 apples",
        "$",
        "1,250,-",
        "12.50,-",
        "1 250'000",
        "1,25,000",
        "1..2",
        "1.2.3",
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


@pytest.mark.parametrize(("currency", "text"), [(EUROS, "$5"), (EUROS, "5 USD"), (DOLLARS, "50,00 €"), (YEN, "£ 5")])
def test_another_currency_is_refused(currency: Currency, text: str) -> None:
    with pytest.raises(AmountError, match=f"is not in the currency of the sale, {currency.code}"):
        currency.parse(text)


@pytest.mark.parametrize(
    ("currency", "text", "mark", "message"),
    [
        (EUROS, "12,500", DecimalMark.UNSAID, "can be EUR 12,500.00 or EUR 12.50; write 12500 or 12,50."),
        (EUROS, "€ 12,500", UNKNOWN, "can be EUR 12,500.00 or EUR 12.50; write 12500 or 12,50."),
        (EUROS, "173,945", UNKNOWN, "or have three decimals, which EUR does not have; write 173945"),
        (DINARS, "12,500", DecimalMark.UNSAID, "can be KWD 12,500.000 or KWD 12.500; write 12500 or 12,50."),
        (DINARS, "12,345", DecimalMark.UNSAID, "can be KWD 12,345.000 or KWD 12.345; write 12345 or 12.345."),
        (DINARS, "12,345", UNKNOWN, "can be KWD 12,345.000 or KWD 12.345; .* as in 0,50."),
        (DINARS, "12.500", UNKNOWN, "can be KWD 12,500.000 or KWD 12.500; write 12500 or 12.50."),
    ],
)
def test_two_readings_are_refused_and_both_are_named(
    currency: Currency, text: str, mark: DecimalMark, message: str
) -> None:
    with pytest.raises(AmountError, match=message):
        currency.parse(text, mark)


@pytest.mark.parametrize(
    ("currency", "text", "mark", "amount_minor"),
    [
        (EUROS, "1.250", COMMA, 125_000),
        (EUROS, "1,250", POINT, 125_000),
        (DINARS, "12,500", COMMA, 12_500),
        (DINARS, "12,500", POINT, 12_500_000),
        (DINARS, "12.500", COMMA, 12_500_000),
        (DINARS, "12.500", POINT, 12_500),
        (EUROS, "12.50", COMMA, 1_250),
        (EUROS, "12,50", UNKNOWN, 1_250),
        (YEN, "1,250", UNKNOWN, 1_250),
    ],
)
def test_others_by_the_same_hand_settle_the_reading(
    currency: Currency, text: str, mark: DecimalMark, amount_minor: int
) -> None:
    assert currency.parse(text, mark) == amount_minor


def test_what_is_settled_can_have_too_many_decimals() -> None:
    with pytest.raises(AmountError, match="too many decimals: EUR has 2; write 173900 if that is meant"):
        EUROS.parse("173,900", COMMA)


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["12,500", "12,50"], COMMA),
        (["12,500", "1.250,00"], COMMA),
        (["12,500", "1,250.00"], POINT),
        (["12,500", "1.250.000"], COMMA),
        (["12,500", "0,125"], COMMA),
        (["12,500", "20,-"], COMMA),
        (["12,500", "1.250", "7", "x", ""], None),
        (["12,50", "12.50"], None),
    ],
)
def test_which_amounts_show_the_mark(texts: list[str], mark: DecimalMark | None) -> None:
    assert decimal_mark(texts) is mark


def test_what_stands_beside_a_number_tells_the_currency() -> None:
    assert units_of("€ 50") == ("€",)
    assert units_of("50") == units_of("fifty €") == ()
    assert codes_of("€") == codes_of("EUR") == codes_of("eur") == {"EUR"}
    assert {"USD", "CAD"} < codes_of("$")
    assert not codes_of("apples")


@pytest.mark.parametrize(
    ("currency", "text"),
    [(DOLLARS, "1.005"), (DOLLARS, "1.000"), (YEN, "5.0"), (DINARS, "0.0001"), (DOLLARS, "1,2500")],
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
