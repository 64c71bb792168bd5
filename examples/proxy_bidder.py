"""Bid the minimum on one lot whenever somebody else leads, up to a limit.

    python examples/proxy_bidder.py 'auction://HOST:PORT/KEY?publish=PORT' NAME LOT LIMIT

The house does the same for you if you bid a maximum (`maximum_minor`). Copy this for a strategy of your own, and change
`offer`.
"""

import asyncio
import sys
from pathlib import Path

from bidder import Accepted, AsyncClient, AuctionError, EnglishBoard, LotStatus, LotView, load_or_make_keys


def offer(view: LotView, paddle: int, limit_minor: int) -> int | None:
    """Return what to bid now, or None to wait."""
    board = view.board
    if not isinstance(board, EnglishBoard):
        raise SystemExit(f"Lot {view.lot} is not sold by rising bids.")
    if view.status is not LotStatus.OPEN or board.leader == paddle or board.minimum_minor > limit_minor:
        return None
    return board.minimum_minor


async def bid_up_to(link: str, name: str, lot: str, limit: str) -> None:
    keys = load_or_make_keys(Path(f"{name}.key.json"))
    async with await AsyncClient.connect(link, name, keys) as client:
        currency = client.sale.currency
        limit_minor = currency.parse(limit)
        notices = client.notices()
        answered_seq = -1  # a verdict may arrive before the event of its bid; wait for that event before the next bid
        while not (view := client.lot(lot)).status.is_final:
            amount_minor = offer(view, client.paddle, limit_minor)
            if amount_minor is not None and view.seq > answered_seq:
                answered_seq = view.seq
                verdict = await client.bid(lot, amount_minor, if_seq=view.seq)
                said = "accepted" if isinstance(verdict, Accepted) else verdict.message
                print(f"bid {currency.show(amount_minor)}: {said}", flush=True)
            await anext(notices)
        price = "no price" if view.paid_minor is None else currency.show(view.paid_minor)
        print("won at" if view.result_of(client.paddle) else "not won;", price)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    try:
        asyncio.run(bid_up_to(*sys.argv[1:]))
    except AuctionError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)
