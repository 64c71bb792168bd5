"""The pages that work without a script: a lot with its history, and the results, both to be printed."""

from html import escape

from bidder.web.paper import Paper


def lot_page(paper: Paper, number: str) -> str:
    """Return the page of one lot. The caller must ensure that the sale has it."""
    title = escape(paper.lots[number].terms.title)
    return f"<!doctype html><html lang=en><title>Lot {escape(number)}</title><h1>{title}</h1>"


def results_page(paper: Paper) -> str:
    """Return the results of all lots."""
    rows = "".join(f"<li>{escape(number)}: {escape(view.status.value)}" for number, view in paper.lots.items())
    return f"<!doctype html><html lang=en><title>Results</title><h1>{escape(paper.title)}</h1><ul>{rows}</ul>"
