"""What the bots' requests came to, in a few lines."""

import click

from benchmarks.swarm import Swarm


def print_report(swarm: Swarm) -> None:
    """Print how many requests were accepted and refused, how long verdicts took, and what had to be repaired."""
    tally = swarm.tally
    refused = ", ".join(f"{count} {code.value}" for code, count in tally.rejected.most_common())
    click.echo(
        f"Requests   {len(tally.acknowledged)} accepted, {tally.rejected.total()} refused"
        + (f" ({refused})" if refused else "")
        + (f", {tally.unanswered} without a verdict" if tally.unanswered else "")
    )
    if tally.latencies_ms:
        middle_ms, high_ms = percentile(tally.latencies_ms, 50), percentile(tally.latencies_ms, 99)
        click.echo(f"Verdicts   p50 {middle_ms:.1f} ms, p99 {high_ms:.1f} ms, from the bot's decision")
    click.echo(
        f"Broadcasts {tally.repairs} gaps repaired ({tally.events_repaired} events), {tally.jumps} lots jumped, "
        f"{tally.histories_lost} histories lost"
    )


def percentile(values: list[float], percent: int) -> float:
    """Return the nearest-rank percentile of some values, of which there is at least one."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
