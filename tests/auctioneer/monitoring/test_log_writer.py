import os
import threading

from auctioneer.monitoring.log_writer import LogWriter

LONG_LINE = "x" * 65_536 + "\n"
"""One alone fills a pipe."""


def test_a_log_that_nobody_reads_does_not_stop_the_house() -> None:
    reading, writing = os.pipe()
    lines: list[str] = []
    with os.fdopen(reading) as reader:
        with os.fdopen(writing, "w") as stream:
            writer = LogWriter(stream, lines_max=10)
            house = threading.Thread(target=lambda: [writer.write(LONG_LINE) for _ in range(100)], daemon=True)
            house.start()
            house.join(timeout=60)
            assert not house.is_alive(), "it waited for a reader"
            late_reader = threading.Thread(target=lambda: lines.extend(reader), daemon=True)
            late_reader.start()
            writer.close()
        late_reader.join(timeout=60)
    assert lines
    assert set(lines) == {LONG_LINE}
    assert 10 <= len(lines) <= 12, "ten that waited, one or two on their way, and the rest is lost"


def test_what_was_lost_is_told_once_there_is_room() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as stream:
        writer = LogWriter(stream, lines_max=3)
        for _ in range(50):
            writer.write(LONG_LINE)
        assert [reader.readline() for _ in range(3)] == [LONG_LINE] * 3
        writer.write("after\n")
        late = threading.Thread(target=writer.close, daemon=True)
        late.start()
        rest = list(iter(reader.readline, "after\n"))
        late.join(timeout=60)
    (told,) = [line for line in rest if line != LONG_LINE]
    assert told.endswith("log lines were lost, since nobody read them in time.\n")
    assert int(told.split()[0]) >= 40


def test_lines_leave_in_order_and_the_last_one_before_the_end() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader:
        with os.fdopen(writing, "w") as stream:
            writer = LogWriter(stream)
            for number in range(100):
                writer.write(f"{number}\n")
            writer.close()
        assert reader.read().split() == [str(number) for number in range(100)]
