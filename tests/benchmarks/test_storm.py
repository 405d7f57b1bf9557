"""What the benchmark of storms writes down."""

from __future__ import annotations

from benchmarks.storm.__main__ import Round, written
from benchmarks.storm.ground import Calls, Told


def test_every_run_is_a_line_with_its_calls_by_the_notification() -> None:
    single = [Told(0.1, 0.3, number / 10) for number in range(20)]
    bot = Calls(first=0.25, last=60.4, messages=66, updates=35, others=54, refused=1)
    naive = Calls(first=0.5, last=500.2, messages=500, updates=0, others=0, refused=495)
    text = written(single, [Round("bot", bot, (Told(1.0, 20.0, 40.0),), 0.5), Round("naive", naive, (), 0.75)])
    assert "| one at a time | 20 | 0.10 | 0.10 | 0.30 | 0.30 | 1.00 | 1.90 |" in text
    assert "| storm, run 1 | 1 | 1.00 | 1.00 | 20.00 | 20.00 | 40.00 | 40.00 |" in text
    assert "| 1 | bot | 66 | 35 | 54 | 1 | 0.31 | 0.25 | 60 | 0.5 |" in text
    assert "| 2 | naive | 500 | 0 | 0 | 495 | 1.99 | 0.50 | 500 | 0.8 |" in text
