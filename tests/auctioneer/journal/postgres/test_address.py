"""A store's URL: which sale it means, and that it has no secret."""

import pytest

from auctioneer.journal.postgres.address import DEFAULT_SALE, SALE_CHARS_MAX, is_address, parse_address
from common.errors import UsageError


@pytest.mark.parametrize(
    ("url", "conninfo", "sale"),
    [
        ("postgresql://house@db/auctions", "postgresql://house@db/auctions", DEFAULT_SALE),
        ("postgres:///?service=auction&sale=2026-12-01", "postgres:///?service=auction", "2026-12-01"),
        (
            "postgresql://h@a:1,b:2/x?sale=e.1&sslmode=verify-full",
            "postgresql://h@a:1,b:2/x?sslmode=verify-full",
            "e.1",
        ),
        (f"postgresql:///x?sale={'a' * SALE_CHARS_MAX}", "postgresql:///x", "a" * SALE_CHARS_MAX),
    ],
)
def test_the_sale_is_ours_and_the_rest_is_libpqs(url: str, conninfo: str, sale: str) -> None:
    assert is_address(url)
    assert parse_address(url) == (url, conninfo, sale)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://house:hunter2@db/auctions",
        "postgresql://house:hunter2@db1:5432,db2:5432/auctions",
        "postgresql:///auctions?user=house&password=hunter2",
        "postgresql:///auctions?sslpassword=hunter2",
    ],
)
def test_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match=r"has a password.*PGPASSFILE") as refused:
        parse_address(url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("sale", ["", "a b", "'", "-x", "a" * (SALE_CHARS_MAX + 1), "a%00b"])
def test_a_sale_has_a_plain_name(sale: str) -> None:
    with pytest.raises(UsageError, match="can't be the name of a sale"):
        parse_address(f"postgresql:///auctions?sale={sale}")


@pytest.mark.parametrize("text", ["", "mysql://db/x", "/var/lib/x", "postgresql:/x", "postgresql://h/x?sale"])
def test_other_text_is_no_url(text: str) -> None:
    with pytest.raises(UsageError):
        parse_address(text)
