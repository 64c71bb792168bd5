"""A foreign text is never markup, and what is escaped is not escaped again."""

import pytest

from bidder.web.markup import EMPTY, Markup, fill, joined


def test_a_text_is_escaped_also_inside_quotes() -> None:
    piece = fill('<a title="$text">$text</a>', text="<b>\"Tom\" & 'Ann'</b>")

    escaped = "&lt;b&gt;&quot;Tom&quot; &amp; &#x27;Ann&#x27;&lt;/b&gt;"
    assert piece == f'<a title="{escaped}">{escaped}</a>'


def test_a_piece_is_not_escaped_again() -> None:
    inner = fill("<b>$text</b>", text="&")

    assert fill("<p>$inner</p>", inner=inner) == "<p><b>&amp;</b></p>"


def test_a_name_in_a_text_is_no_name() -> None:
    assert fill("<p>$text</p>", text="$other costs $$5") == "<p>$other costs $$5</p>"


def test_a_name_without_a_value_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        fill("<p>$text $other</p>", text="here")


def test_what_is_made_of_a_piece_by_other_means_is_a_text_again() -> None:
    assert type(fill("<b>$n</b>", n=1) + "<script>") is str
    assert fill("$text", text=fill("<b>$n</b>", n=1) + "<script>") == "&lt;b&gt;1&lt;/b&gt;&lt;script&gt;"


def test_pieces_are_joined_as_they_are() -> None:
    assert joined([Markup("<i>1</i>"), EMPTY, Markup("<i>2</i>")]) == "<i>1</i><i>2</i>"
