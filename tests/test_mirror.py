"""Each module has a test file of its name in the mirrored folder, or says here which one tests it and why.

`auctioneer/rules/lots.py` is tested by `tests/auctioneer/rules/test_lots.py`, or several: `test_server_storing.py`
counts for `server.py`. Benchmarks are programs for the terminal and stand outside this rule.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("auctioneer", "bidder", "common", "rehearsal")

BY_NAME_ONLY = {
    "auctioneer/__main__.py": "calls the command line",
    "bidder/__main__.py": "calls the command line",
    "auctioneer/catalogue/formats/format.py": "an interface, and the parts that all formats share",
    "auctioneer/house/settings.py": "values without a rule",
    "auctioneer/readiness/measurements.py": "values without a rule",
    "auctioneer/rules/account_facts.py": "values without a rule",
    "auctioneer/rules/fact.py": "values without a rule",
    "auctioneer/rules/sources.py": "values without a rule",
    "auctioneer/rules/formats/format.py": "an interface",
    "bidder/core/effects.py": "values without a rule",
    "bidder/core/errors.py": "names of errors; each is raised and tested elsewhere",
    "bidder/display/formats/format.py": "an interface",
    "bidder/display/shown.py": "an interface",
    "rehearsal/bots/formats/lot.py": "an interface, and values without a rule",
    "rehearsal/bots/formats/player.py": "an interface",
    "common/lot_events.py": "values without a rule; tests/common/test_evolve.py has what each changes",
    "bidder/web/console/limits.py": "numbers; each is tested where it is used",
    "bidder/web/limits.py": "numbers; each is tested where it is used",
    "common/limits.py": "numbers; tests/test_docs_numbers.py compares them with the documents",
}
"""Modules that hold nothing to test, and why."""

TESTED_BY = {
    # A catalogue is read as a whole: a test says a key in a file and what became of it.
    "auctioneer/catalogue/fields.py": "auctioneer/catalogue/test_load.py",
    "auctioneer/catalogue/keys.py": "auctioneer/catalogue/test_load.py",
    "auctioneer/catalogue/lots.py": "auctioneer/catalogue/test_load.py",
    "auctioneer/catalogue/raw.py": "auctioneer/catalogue/test_faults.py",
    "auctioneer/catalogue/sale.py": "auctioneer/catalogue/test_load.py",
    "auctioneer/catalogue/toml_text.py": "auctioneer/catalogue/test_faults.py",
    "auctioneer/catalogue/words.py": "auctioneer/catalogue/test_sheet.py",
    # A command line is tried by its commands, as people type them.
    "auctioneer/cli/sentences.py": "auctioneer/cli/test_finals.py",
    "auctioneer/cli/asked.py": "bidder/cli/test_confirming.py",
    "auctioneer/cli/adding.py": "auctioneer/cli/test_orders.py",
    "auctioneer/cli/audit.py": "auctioneer/cli/test_checks.py",
    "auctioneer/cli/asking.py": "auctioneer/cli/test_finals.py",
    "auctioneer/cli/backups.py": "auctioneer/process/test_backup.py",
    "auctioneer/cli/bids.py": "auctioneer/house/test_bid_history.py",
    "auctioneer/cli/context.py": "auctioneer/cli/test_reads.py",
    "auctioneer/cli/lot_table.py": "auctioneer/cli/test_reads.py",
    "auctioneer/cli/output.py": "auctioneer/cli/test_reads.py",
    "auctioneer/house/formats/bidding.py": "auctioneer/house/formats/test_table.py",
    "auctioneer/house/formats/dutch.py": "auctioneer/house/formats/test_table.py",
    "auctioneer/house/formats/english.py": "auctioneer/house/formats/test_table.py",
    "auctioneer/house/formats/sealed.py": "auctioneer/house/formats/test_table.py",
    "auctioneer/rules/fact_events.py": "auctioneer/rules/test_facts.py",
    "auctioneer/rules/applying.py": "auctioneer/rules/test_engine_indexes.py",
    "auctioneer/rules/kept_offers.py": "auctioneer/rules/test_corrections.py",
    "auctioneer/rules/corrected.py": "auctioneer/rules/test_revivals.py",
    "auctioneer/rules/retractions.py": "auctioneer/rules/test_corrections.py",
    "auctioneer/rules/limits.py": "auctioneer/rules/test_accounts.py",
    "auctioneer/rules/formats/entries.py": "auctioneer/rules/formats/test_table.py",
    "auctioneer/process/offline.py": "auctioneer/cli/test_reads.py",
    "auctioneer/process/options.py": "auctioneer/cli/test_run.py",
    "auctioneer/cli/machine_options.py": "auctioneer/cli/test_run.py",
    # Houses beside each other are tried as processes, on a real database.
    "auctioneer/cli/standing_by.py": "auctioneer/process/test_standing_by.py",
    "auctioneer/process/beside.py": "auctioneer/process/test_standing_by.py",
    "bidder/core/absentee.py": "bidder/cli/test_absentee.py",
    "common/absentee.py": "common/test_codec.py",
    "bidder/core/retraction.py": "bidder/cli/test_retraction.py",
    "bidder/core/confirming.py": "bidder/cli/test_confirming.py",
    "common/retraction.py": "common/test_codec.py",
    "common/terminal/gateway_options.py": "auctioneer/process/test_gateway_keeper.py",
    "bidder/web/words.py": "bidder/web/test_first_screen.py",
    "common/confirming.py": "common/test_codec.py",
    "bidder/attending/attendance.py": "bidder/cli/test_join.py",
    "bidder/attending/prices.py": "bidder/cli/test_commands.py",
    # A screen is tried whole, in a real sale.
    "auctioneer/cli/console/acts.py": "auctioneer/cli/console/test_screen.py",
    "auctioneer/cli/console/command.py": "auctioneer/cli/console/test_screen.py",
    "auctioneer/cli/console/house_line.py": "auctioneer/cli/console/test_screen.py",
    "bidder/tui/attended_sale.py": "bidder/tui/test_screen.py",
    "bidder/tui/voice.py": "bidder/tui/test_screen.py",
    "bidder/tui/formats/moves.py": "bidder/tui/formats/test_english.py",
    "common/screens/full_screen.py": "bidder/tui/test_terminal.py",
    "common/screens/leaving.py": "bidder/tui/test_terminal.py",
    "common/screens/questions.py": "bidder/tui/test_screen.py",
    "bidder/cli/bids.py": "bidder/cli/test_commands.py",
    "bidder/cli/formats/dutch.py": "bidder/cli/test_dutch.py",
    "bidder/cli/formats/english.py": "bidder/cli/test_commands.py",
    "bidder/cli/formats/sealed.py": "bidder/cli/test_sealed.py",
    "bidder/cli/context.py": "bidder/cli/test_commands.py",
    "bidder/cli/inputs.py": "bidder/cli/test_join.py",
    "bidder/cli/output.py": "bidder/cli/test_commands.py",
    "bidder/cli/reads.py": "bidder/cli/test_commands.py",
    "bidder/cli/watch.py": "bidder/cli/test_join.py",
    "bidder/display/amounts.py": "bidder/cli/test_commands.py",
    "bidder/display/lines.py": "bidder/display/test_wording.py",
    "bidder/display/lot_table.py": "bidder/cli/test_commands.py",
    "bidder/display/orders.py": "bidder/cli/test_join.py",
    "bidder/display/records.py": "bidder/cli/test_commands.py",
    "bidder/display/voices.py": "bidder/cli/test_join.py",
    # A command is tried by its answer and its facts.
    "auctioneer/house/control/accounts.py": "auctioneer/house/test_accounts.py",
    "auctioneer/house/control/bids.py": "auctioneer/house/test_bids_for_others.py",
    "auctioneer/house/control/carry_out.py": "auctioneer/house/test_commands.py",
    "auctioneer/house/control/corrections.py": "auctioneer/house/test_corrections.py",
    "auctioneer/house/control/conditions.py": "auctioneer/house/test_conditions.py",
    "auctioneer/house/control/desk.py": "auctioneer/house/test_paddle_codes.py",
    "auctioneer/house/control/keys.py": "auctioneer/house/test_partners.py",
    "auctioneer/house/control/lots.py": "auctioneer/house/test_commands.py",
    "auctioneer/house/control/texts.py": "auctioneer/house/test_commands.py",
    "auctioneer/audit/accounts_again.py": "auctioneer/audit/test_verify.py",
    "auctioneer/audit/commands_again.py": "auctioneer/audit/test_verify.py",
    # What a house keeps of itself is compared whole.
    "auctioneer/house/state.py": "auctioneer/house/test_house_record.py",
    # One contract is held over every store; what is in the file is damaged from outside.
    "auctioneer/journal/chain.py": "auctioneer/journal/test_damage.py",
    "auctioneer/journal/memory.py": "auctioneer/journal/test_contract.py",
    "auctioneer/journal/protocol.py": "auctioneer/journal/test_contract.py",
    "auctioneer/journal/sqlite/file.py": "auctioneer/journal/test_gone.py",
    "auctioneer/journal/sqlite/journal.py": "auctioneer/journal/test_record.py",
    "auctioneer/journal/sqlite/store.py": "auctioneer/journal/test_contract.py",
    "benchmarks/load/postgres_servers.py": "auctioneer/journal/postgres/test_journal.py",
    "auctioneer/journal/postgres/statements.py": "auctioneer/journal/postgres/test_journal.py",
    # Counted by the server, read by a scrape.
    "auctioneer/monitoring/counters.py": "auctioneer/monitoring/test_metrics.py",
    "auctioneer/monitoring/health.py": "auctioneer/monitoring/test_metrics.py",
    "auctioneer/network/connections.py": "auctioneer/network/test_floods.py",
    # The parts of one folder on a disk.
    "auctioneer/process/folder/clerk.py": "auctioneer/process/test_folder.py",
    "auctioneer/process/folder/folder.py": "auctioneer/process/test_folder.py",
    "auctioneer/process/folder/keys.py": "auctioneer/process/test_folder.py",
    "auctioneer/process/folder/machine.py": "auctioneer/process/test_folder.py",
    "auctioneer/process/folder/whereabouts.py": "auctioneer/process/test_folder.py",
    # Parts of a session that see each other's work; a session is tried as a whole.
    "bidder/core/feed.py": "bidder/core/test_session_repairs.py",
    "bidder/core/follower.py": "bidder/core/test_session_outages.py",
    "bidder/core/notices.py": "bidder/core/test_replica.py",
    # Both clients are the same but for how they wait; each test is made with one of them or with both.
    "bidder/core/errors.py": "bidder/shells/test_base.py",
    "bidder/shells/bidding.py": "bidder/shells/test_base.py",
    "bidder/shells/hearing.py": "bidder/shells/test_base.py",
    "bidder/shells/watching.py": "bidder/shells/test_base.py",
    # A guest's attendance is what its phones see of it; a composition is tried as a whole.
    "bidder/web/attending.py": "bidder/web/test_gateway.py",
    "bidder/web/console/line.py": "bidder/web/console/test_consoles.py",
    "bidder/web/console/routes.py": "bidder/web/console/test_consoles.py",
    "bidder/web/console/sessions.py": "bidder/web/console/test_consoles.py",
    # Bots are watched while they bid; how the story tells the bidding of a format is told with the story.
    "rehearsal/bots/bot.py": "benchmarks/bots/test_swarm.py",
    "rehearsal/bots/swarm.py": "benchmarks/bots/test_swarm.py",
    "rehearsal/bots/tally.py": "benchmarks/bots/test_tally.py",
    "rehearsal/evening/rehearsal.py": "auctioneer/cli/test_rehearse.py",
    "rehearsal/bots/formats/english.py": "rehearsal/evening/test_story.py",
    "rehearsal/bots/formats/sealed.py": "rehearsal/evening/test_story.py",
    "auctioneer/house/tallies.py": "auctioneer/house/test_accounts.py",
    "common/spending.py": "auctioneer/house/test_accounts.py",
    # Encoded, decoded and refused there; the golden vectors hold each of them.
    "common/messages.py": "common/test_codec.py",
    "auctioneer/monitoring/structured_logs.py": "test_imports.py",
}
"""Modules without a test file of their name, and the file (in tests/) that tries what they do."""


def modules() -> Iterator[str]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "__init__.py":
                yield str(path.relative_to(ROOT))


def has_its_own(module: str) -> bool:
    folder, stem = ROOT / "tests" / Path(module).parent, Path(module).stem
    return (folder / f"test_{stem}.py").exists() or any(folder.glob(f"test_{stem}_*.py"))


@pytest.mark.parametrize("module", sorted(modules()))
def test_each_module_has_its_tests(module: str) -> None:
    listed = module in TESTED_BY or module in BY_NAME_ONLY
    assert has_its_own(module) or listed, f"add tests/{module.replace(Path(module).name, f'test_{Path(module).name}')}"
    assert not (has_its_own(module) and listed), "it has a file of its own now: take it off the list"


@pytest.mark.parametrize("module", [*TESTED_BY, *BY_NAME_ONLY])
def test_what_is_listed_is_there(module: str) -> None:
    assert (ROOT / module).exists(), "the module is gone: take it off the list"
    assert (ROOT / "tests" / TESTED_BY.get(module, "test_mirror.py")).exists(), "the test file is gone"
