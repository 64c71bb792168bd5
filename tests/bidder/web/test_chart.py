"""The drawing of a lot's price: within its frame, true to the prices, and said in words."""

import re
from xml.etree import ElementTree as ET

import pytest

from bidder.web.chart import HEIGHT, WIDTH, Ends, Price, price_chart

ENDS = Ends("USD 100.00", "USD 300.00", "20:00:00", "20:01:00")
SVG = "{http://www.w3.org/2000/svg}"


def _drawn(prices: list[Price], label: str = "The price") -> ET.Element:
    chart = price_chart(prices, ENDS, label)
    return ET.fromstring(chart.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def _line(svg: ET.Element) -> str:
    return next(path.attrib["d"] for path in svg.iter(f"{SVG}path") if path.attrib["class"] == "line")


@pytest.mark.parametrize("prices", [[], [Price(0, 100)]])
def test_there_is_no_line_with_fewer_than_two_ends(prices: list[Price]) -> None:
    assert price_chart(prices, ENDS, "The price") == ""


def test_each_price_holds_until_the_next() -> None:
    line = _line(_drawn([Price(0, 100), Price(500, 200), Price(1000, 300)]))

    assert re.fullmatch(r"M[\d.]+ [\d.]+(H[\d.]+V[\d.]+){2}", line)
    across = [float(x) for x in re.findall(r"[MH]([\d.]+)", line)]
    down = [float(y) for y in re.findall(r"(?:M[\d.]+ |V)([\d.]+)", line)]
    assert across[1] - across[0] == pytest.approx(across[2] - across[1], abs=0.2)
    assert down[0] - down[1] == pytest.approx(down[1] - down[2], abs=0.2)
    assert all(0 <= x <= WIDTH for x in across)
    assert all(0 <= y <= HEIGHT for y in down)


@pytest.mark.parametrize("prices", [[Price(5, 100), Price(5, 300)], [Price(0, 100), Price(9, 100)]])
def test_equal_times_and_equal_prices_can_be_drawn(prices: list[Price]) -> None:
    assert "nan" not in _line(_drawn(prices))


def test_many_prices_are_drawn_without_dots() -> None:
    few = _drawn([Price(at, at) for at in range(120)])
    many = _drawn([Price(at, at) for at in range(121)])

    assert len(list(few.iter(f"{SVG}circle"))) == 120
    assert not list(many.iter(f"{SVG}circle"))


def test_the_drawing_is_said_in_words_that_can_be_anything() -> None:
    svg = _drawn([Price(0, 100), Price(1, 300)], 'From "100" to <300>')

    assert svg.attrib["aria-label"] == 'From "100" to <300>'
    assert [text.text for text in svg.iter(f"{SVG}text")] == ["USD 300.00", "USD 100.00", "20:00:00", "20:01:00"]
