"""``config/calendar.yaml``: optional, complete, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import CalendarConfig, load
from tests.bot.config_files import problems, write

FREEZE = "freezes:\n  f:\n    reason: r\n"
WINDOW = "windows:\n  w:\n    reason: r\n"
MAINTENANCE = "maintenance:\n  m:\n    reason: r\n"
OPEN = WINDOW + "    open:\n      - {days: [sunday], hours: 02:00-06:00}\n"


def test_without_the_file_nothing_is_held(tmp_path: Path) -> None:
    assert load(write(tmp_path, {})).calendar == CalendarConfig()


def test_hours_days_and_notice_are_read(tmp_path: Path) -> None:
    text = (
        OPEN
        + "    outside: notice\n    notice: 2h\n"
        + FREEZE
        + "    first_day: 2026-12-24\n    last_day: 2026-12-24\n"
    )
    read = load(write(tmp_path, {"calendar.yaml": text})).calendar
    (times,) = read.windows["w"].open
    assert (times.hours, times.weekdays, read.windows["w"].notice) == ((120, 360), frozenset({6}), 7200.0)
    assert (read.windows["w"].systems, read.zone) == (("*",), "UTC")
    assert str(read.freezes["f"].last_day) == "2026-12-24"


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("zone: Asia/Tokio\n", 1, "zone", "'Asia/Tokio' is no time zone; did you mean Asia/Tokyo?"),
        ("zone: tokyo\n", 1, "zone", "'tokyo' is no time zone; did you mean Asia/Tokyo?"),
        ("zone: asia/tokyo\n", 1, "zone", "is written Asia/Tokyo"),
        ("zone: nowhere at all\n", 1, "zone", "'nowhere at all' is no time zone; it is written like Asia/Tokyo or UTC"),
        ("freeze: {}\n", 1, "freeze", "is not known here; did you mean 'freezes'?"),
        (FREEZE, 2, "freezes.f", "needs either last_days, or first_day and last_day"),
        (FREEZE + "    last_days: 0\n", 2, "freezes.f", "needs either last_days, or first_day and last_day"),
        (
            FREEZE + "    first_day: 2026-12-01\n",
            2,
            "freezes.f",
            "needs first_day and last_day; they may be the same day",
        ),
        (
            FREEZE + "    first_day: 2026-12-02\n    last_day: 2026-12-01\n",
            *(5, "freezes.f.last_day", "is before the first day"),
        ),
        (
            FREEZE + "    first_day: 2026-02-30\n    last_day: 2026-03-01\n",
            *(4, "freezes.f.first_day", "is no day of the calendar"),
        ),
        (
            FREEZE + "    first_day: 1 May\n    last_day: 2026-03-01\n",
            *(4, "freezes.f.first_day", "must be a day as in 2026-12-31"),
        ),
        (
            FREEZE + "    of: month\n    first_day: 2026-03-01\n    last_day: 2026-03-01\n",
            *(4, "freezes.f.of", "is used only with last_days beside it"),
        ),
        (
            FREEZE + "    last_days: 7\n    of: quater\n",
            *(5, "freezes.f.of", "must be month, quarter or year, not 'quater'; did you mean 'quarter'?"),
        ),
        (
            FREEZE + "    last_days: 7\n    systems: [bo]\n",
            5,
            "freezes.f.systems[0]",
            "'bo' is no system; there are *, bi",
        ),
        (
            FREEZE + "    last_days: 7\n    environments: [prodction]\n",
            5,
            "freezes.f.environments[0]",
            "'prodction' is no environment of any system; did you mean 'production'?",
        ),
        ("freezes:\n  f:\n    reason: ''\n    last_days: 7\n", 3, "freezes.f.reason", "must say why"),
        (MAINTENANCE, 2, "maintenance.m", "needs during, with at least one time"),
        (MAINTENANCE + "    during: [{days: []}]\n", 4, "maintenance.m.during[0].days", "must name at least one"),
        (
            MAINTENANCE
            + "    during:\n      - days: [weekdays]\n      - {days: [saturday, sunday], hours: 00:00-24:00}\n",
            *(4, "maintenance.m.during", "leaves no time in which alarms are heard"),
        ),
        (
            MAINTENANCE + "    during: [{days: [sunday]}]\n    zone: tokyo\n",
            *(5, "maintenance.m.zone", "'tokyo' is no time zone; did you mean Asia/Tokyo?"),
        ),
        (
            MAINTENANCE + "    during: [{days: [sunday]}]\n    systems: [zoo]\n",
            *(5, "maintenance.m.systems[0]", "'zoo' is no system; there are *, bi"),
        ),
        (WINDOW, 2, "windows.w", "needs either open or closed, with at least one time"),
        (OPEN + "    closed: [{}]\n", 2, "windows.w", "needs either open or closed, with at least one time"),
        (OPEN + "    notice: 1h\n", 6, "windows.w.notice", "is used only with outside: notice"),
        (OPEN + "    outside: notice\n    notice: 0s\n", 7, "windows.w.notice", "must be at least 1m and at most 7d"),
        (
            OPEN.replace("sunday", "sonday"),
            5,
            "windows.w.open[0].days[0]",
            "must be monday, tuesday, wednesday, thursday, friday, saturday, sunday, weekdays or weekends, "
            "not 'sonday'; did you mean 'sunday'?",
        ),
        (OPEN.replace("[sunday]", "[]"), 5, "windows.w.open[0].days", "must name at least one"),
        (
            OPEN.replace("06:00", "6"),
            *(5, "windows.w.open[0].hours", "must be two times of day as in 02:00-06:00; midnight at the end is 24:00"),
        ),
        (
            OPEN.replace("06:00", "02:00"),
            *(5, "windows.w.open[0].hours", "is no time at all; the whole day is 00:00-24:00"),
        ),
        (
            OPEN.replace("  w:", "  W W:"),
            *(
                2,
                "windows.W W",
                "must be a name of small letters, digits and '-', starting with a letter, at most 40 long",
            ),
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, key: str, message: str) -> None:
    assert problems(tmp_path, {"calendar.yaml": text}) == [f"config/calendar.yaml:{line}: {key}: {message}"]


def test_a_misspelt_file_is_not_overlooked(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, {"calender.yaml": "zone: UTC\n"})
    assert problem == "config/calender.yaml:0: (file): is not read; did you mean 'calendar.yaml'?"
