"""A command is named as a person types it: by words that the program knows."""

from typing import get_args

import click
import pytest

from auctioneer.cli import main
from auctioneer.house.commands import Admit, AnyCommand, Ask, Command
from auctioneer.house.rights import NEEDED
from auctioneer.house.typed import typed_words
from tests.auctioneer.house.test_rights import COMMANDS


@pytest.mark.parametrize("kind", NEEDED, ids=lambda kind: kind.__name__)
def test_the_words_are_those_of_the_program(kind: type[Command]) -> None:
    assert kind in get_args(AnyCommand)
    assert kind is not Ask
    known: click.Command = main
    for word in typed_words(COMMANDS[kind]).split():
        if word.startswith("--"):
            assert word in {name for option in known.params for name in option.opts}
        else:
            assert isinstance(known, click.Group)
            known = known.commands[word]
    assert not isinstance(known, click.Group)


def test_who_is_turned_out_is_not_admitted() -> None:
    assert typed_words(Admit(bidder="ann")) == "admit"
    assert typed_words(Admit(bidder="ann", admitted=False)) == "turn-out"
    assert typed_words(Admit(bidder="ann", admitted=False, void_bids=True)) == "turn-out --void-bids"
