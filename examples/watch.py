"""Print every change of a sale, without a gap, until it ends.

    python examples/watch.py 'auction://HOST:PORT/KEY?publish=PORT'

It only watches and can't bid. Its key is made at first use, in the current folder.
"""

import sys
from pathlib import Path

from bidder import (
    AuctionError,
    Client,
    ConnectionChanged,
    ConnectionState,
    Currency,
    EnglishBoard,
    LotCaughtUp,
    LotChanged,
    LotView,
    NoticesDropped,
    Role,
    SaleChanged,
    SealedBoard,
    load_or_make_keys,
)


def line(view: LotView, currency: Currency) -> str:
    lot = f"lot {view.lot} ({view.terms.title}): {view.status.value}"
    match view.board:
        case EnglishBoard() as board:
            price = "no bid yet" if board.price_minor is None else currency.show(board.price_minor)
            who = "the house" if board.leader == 0 else f"paddle {board.leader}"
            return f"{lot}, {price}" + ("" if board.leader is None else f", {who} leads")
        case SealedBoard() as board:
            return f"{lot}, sealed offers of at least {currency.show(board.minimum_minor)}"
        case _:
            return lot


def watch(link: str) -> None:
    keys = load_or_make_keys(Path("watcher.key.json"))
    with Client.connect(link, "", keys, role=Role.OBSERVER) as client:
        currency = client.sale.currency
        for view in client.lots().values():
            print(line(view, currency))
        for notice in client.notices():
            match notice:
                case LotChanged(view=view) | LotCaughtUp(view=view):
                    print(line(view, currency))
                case SaleChanged(view=sale):
                    print(f"sale: {sale.status.value}. {sale.announcement}")
                case NoticesDropped(dropped=dropped):
                    print(f"... {dropped} changes were not read in time; client.lots() has the state")
                case ConnectionChanged(state=ConnectionState.ENDED):
                    return
                case ConnectionChanged(state=state, reason=reason):
                    print(f"[{state.value}] {reason}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        watch(sys.argv[1])
    except AuctionError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)
