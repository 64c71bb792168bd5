"""Questions over a full screen, and pages to read. The keyboard answers everything; so does the mouse."""

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Footer, Input, Static

from common.screens.texts import shown, shown_lines

Answer = TypeVar("Answer")
_BOX_CSS = """
    {name} {{ align: center middle; }}
    {name} > Vertical {{
        width: 72; max-width: 95%; height: auto; max-height: 95%; padding: 1 2;
        border: round $primary; background: $surface;
    }}
    {name} Horizontal {{ height: auto; margin-top: 1; }}
    {name} Button {{ margin-right: 2; }}
"""


class _Asked(ModalScreen[Answer]):
    """A screen over another one, which is answered once: a key that comes twice is not an answer to what is below."""

    def answer(self, answer: Answer) -> None:
        """Close the screen with an answer."""
        if self.is_current:
            self.dismiss(answer)


class YesOrNo(_Asked[bool]):
    """A question under what it is about, which scrolls: the question and its answers are in view in any terminal.

    Only `y` means yes, since the key that was meant for the screen below may still come.
    """

    DEFAULT_CSS = (
        _BOX_CSS.format(name="YesOrNo")
        + """
    YesOrNo VerticalScroll { height: auto; max-height: 55vh; }
    """
    )
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "Yes"), Binding("n,escape", "no", "No")]

    def __init__(self, lines: Iterable[str], question: str, yes: str = "Yes") -> None:
        super().__init__()
        self._lines = list(lines)
        self._question = question
        self._yes = yes

    def compose(self) -> ComposeResult:
        """Make the question."""
        with Vertical():
            if self._lines:
                with VerticalScroll():
                    yield Static(shown_lines((line, "plain") for line in self._lines))
            yield Static(shown(self._question), id="question")
            with Horizontal():
                yield Button(shown(f"y  {self._yes}"), variant="primary", compact=True, action="screen.yes")
                yield Button("n  No", compact=True, action="screen.no")
        yield Footer(show_command_palette=False)

    def action_yes(self) -> None:
        """Answer yes."""
        self.answer(True)  # noqa: FBT003 -- the answer

    def action_no(self) -> None:
        """Answer no."""
        self.answer(False)  # noqa: FBT003 -- the answer


class Typed(_Asked[str | None]):
    """A line to type; None if the person gives it up."""

    DEFAULT_CSS = _BOX_CSS.format(name="Typed")
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Give up")]

    def __init__(self, lines: Iterable[str], placeholder: str = "", *, chars_max: int = 600) -> None:
        super().__init__()
        self._lines = list(lines)
        self._placeholder = placeholder
        self._chars_max = chars_max

    def compose(self) -> ComposeResult:
        """Make the question and the line."""
        with Vertical():
            yield Static(shown_lines((line, "plain") for line in self._lines), id="question")
            yield Input(placeholder=self._placeholder, max_length=self._chars_max)
        yield Footer(show_command_palette=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Give the line to whoever asked."""
        self.answer(event.value.strip() or None)

    def action_give_up(self) -> None:
        """Answer nothing."""
        self.answer(None)


class Page(_Asked[None]):
    """Lines to read; they scroll."""

    DEFAULT_CSS = """
    Page { align: center middle; }
    Page > VerticalScroll {
        width: 96; max-width: 98%; height: auto; max-height: 95%; padding: 0 2;
        border: round $primary; background: $surface;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter,space", "close", "Back")]

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        """Each line is a text and its tone."""
        super().__init__()
        self._lines = list(lines)

    def compose(self) -> ComposeResult:
        """Make the page."""
        with VerticalScroll():
            yield Static(shown_lines(self._lines), id="page")
        yield Footer(show_command_palette=False)

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.answer(None)
