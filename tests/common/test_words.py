from common.words import counted


def test_one_is_one_and_all_else_is_many() -> None:
    assert [counted(count, "lot") for count in (0, 1, 2, 1234)] == ["0 lots", "1 lot", "2 lots", "1,234 lots"]
    assert [counted(count, "piece of news", "pieces of news") for count in (1, 3)] == [
        "1 piece of news",
        "3 pieces of news",
    ]
