"""`auctioneer backup` and `auctioneer restore`: a copy of the sale while it runs, and the sale from a copy."""

from pathlib import Path

import click
import msgspec

from auctioneer.cli.context import data_option, json_option
from auctioneer.cli.output import local_time
from auctioneer.process.backup import back_up
from auctioneer.process.backup import restore as restore_sale
from auctioneer.process.folder import DataFolder
from common.terminal.commands import examples
from common.terminal.output import say_done
from common.words import counted


@click.command(
    short_help="Copy the sale, also while it runs.",
    epilog=examples(
        "auctioneer backup /mnt/backups/$(date -u +%Y%m%dT%H%M%SZ)",
        "auctioneer verify --data /mnt/backups/20260807T190000Z",
    ),
)
@click.argument("target", type=click.Path(path_type=Path))
@data_option
@json_option
def backup(target: Path, folder: DataFolder, *, as_json: bool) -> None:
    """Make the new directory TARGET an exact copy of the sale at this moment, checked fact by fact.

    The house runs on meanwhile. TARGET has all keys and secrets of the sale: protect it like the data directory.
    """
    record = back_up(folder, target)
    done = (
        f"Backed up {counted(record.position, 'fact')}, the last state of {local_time(record.alive_ms)}, to {target}. "
        f"Hash: {record.hash}"
    )
    say_done(done, {"backup": str(target), **msgspec.structs.asdict(record)}, as_json=as_json)


@click.command(
    short_help="Bring back a sale from a copy.",
    epilog=examples("auctioneer restore /mnt/backups/20260807T190000Z --data ./auction-data", "auctioneer run"),
)
@click.argument("backup", type=click.Path(file_okay=False, path_type=Path))
@data_option
@click.option("--store", "url", metavar="URL", help="A PostgreSQL database for the record.")
@json_option
def restore(backup: Path, folder: DataFolder, url: str | None, *, as_json: bool) -> None:
    """Make the data directory the sale that BACKUP holds; `auctioneer run` then continues it.

    What happened after the backup is lost, and every bidder's program is told so when it comes back. Lots that were
    open then get all the time since. A sale that is there is never replaced.
    """
    folder.require_no_clerk("A sale needs a directory of its own.", "Choose another directory with --data.")
    restored = restore_sale(DataFolder(backup), DataFolder(folder.path, url or ""))
    done = (
        f"Restored {restored.title} as it stood at {local_time(restored.alive_ms)}; what came after that is "
        f"lost. To go on with it: auctioneer run --data {folder.path}"
    )
    say_done(done, {"data": str(folder.path), **restored._asdict()}, as_json=as_json)
