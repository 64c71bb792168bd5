"""No text of a stranger has markup, or steers a terminal."""

from common.screens.texts import shown, shown_lines


def test_markup_is_text() -> None:
    content = shown("[@click=app.quit]x[/] [bold]y[/bold]")
    assert content.plain == "[@click=app.quit]x[/] [bold]y[/bold]"
    assert not content.spans


def test_what_steers_a_terminal_is_removed() -> None:
    assert shown("a\x1b[2Jb\u202ec\nd").plain == "a\ufffd[2Jb\ufffdc d"
    assert shown_lines([("a\nb", "plain"), ("c\x07", "bad")]).plain == "a b\nc\ufffd"
