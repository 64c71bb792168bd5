"""`auctioneer key`: bring the keys of a house to the machine of another one, which is to take its sale over."""

from pathlib import Path

import click

from auctioneer.cli.context import data_option, json_option
from auctioneer.process.folder import FOR_THE_AUCTIONEER, DataFolder
from common.terminal.commands import examples
from common.terminal.output import say_done


@click.group("key", short_help="Bring the house's keys to another machine.")
def key() -> None:
    """Bring the keys of a house to the machine of another one, which is to take its sale over."""


@key.command(
    "export",
    short_help="Write the keys of a house to a file.",
    epilog=examples("auctioneer key export house.keys", "scp -p house.keys two.example.org:"),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@data_option
@json_option
def export_keys(folder: DataFolder, file: Path, *, as_json: bool) -> None:
    """Write the secret keys of the house, of its auctioneer and of its gateway to FILE, which must not be there.

    Whoever has the file can act as the house and command the sale. Only you can read it; remove it when it is imported.
    """
    folder.require_no_clerk(FOR_THE_AUCTIONEER)
    names = folder.keys.export_to(file)
    _tell(f"The keys are in {file}. Import them on the other machine, then remove the file.", file, names, as_json)


@key.command(
    "import",
    short_help="Take over the keys of a house from a file.",
    epilog=examples("auctioneer key import house.keys", "rm house.keys"),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
@json_option
def import_keys(folder: DataFolder, file: Path, *, as_json: bool) -> None:
    """Give this data directory the keys in FILE, which `auctioneer key export` wrote. It replaces no key."""
    folder.require_no_clerk("A house needs a directory of its own.", "Choose another directory with --data.")
    folder.prepare()
    names = folder.keys.import_from(file)
    _tell(f"{folder.path} has the keys of the house now. Remove {file}.", file, names, as_json)


def _tell(done: str, file: Path, names: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 -- passed on
    say_done(done, {"file": str(file), "keys": list(names)}, as_json=as_json)
