"""What a query of one's own may not reach."""

from __future__ import annotations

import pytest

from bot.errors import DeniedError
from bot.search.own_query import refuse_reaching


@pytest.mark.parametrize(
    "query",
    [
        "SOURCE '/ecs/other' | fields @message",
        "source logGroups(namePrefix: ['/ecs']) | fields @message",
        "fields @message | \n SoUrCe '/ecs/other'",
        "# all of it\nSOURCE logGroups()",
        "fields @message | # more\n source '/ecs/other'",
        "filter id in (SOURCE '/ecs/other' | fields id)",
        "filter id in ( # theirs\n source '/ecs/other' | fields id)",
        "filter id in (source logGroups() | fields id)",
        "filter id in (filter status = 500 | fields id)",
        "filter id in (fields @message | limit 5)",
        "filter a = 1 | join type=inner left=a right=b where a.id=b.id (SOURCE '/ecs/other')",
        "filter a = 1 | JOIN left=a right=b where a.id=b.id ('/ecs/other')",
        "fields user_id | lookup users id as user_id OUTPUT email",
        "fields unmask(@message)",
        "fields UnMask (@message) as m",
        "fields unmask # it\n (@message)",
        # Where a string or a pattern ends may be disputed: nothing may be hidden there.
        r"""filter a like /\\/ "/ | SOURCE '/ecs/other' | filter b = "x" """,
        r"""filter a = "\" | SOURCE '/ecs/other' | filter b = "x" """,
        """filter a like /[/"]/ | SOURCE '/ecs/other' | filter b = "x" """,
        """fields replace(a, /"/, 'b') | SOURCE '/ecs/other' | filter b = "x" """,
        "filter a = 'x | SOURCE logGroups()",
        "fields it.like / 2 | SOURCE '/ecs/other' | fields a / 2",
    ],
)
def test_a_query_that_reads_more_than_its_service_is_refused(query: str) -> None:
    with pytest.raises(DeniedError, match="may not"):
        refuse_reaching(query)


@pytest.mark.parametrize(
    "query",
    [
        "stats count(*) by bin(5m)",
        "fields source, join, lookup | filter source = 'web' and (source = 'a' or source like /b/)",
        "filter (source like 'x') or (filter = 1) or (limit > 2 and stats in ['a'])",
        "filter @message like /(source|join) of truth/ | sort @timestamp desc",
        r"filter @message like /\d+ \w+ (source x|join)/ | limit 5",
        "filter @message =~ /source|lookup/",
        "parse @message /(?<user>source \\S+) (join x)/ | stats count() by user",
        'filter @message like "unmask(" or @message = "a | SOURCE x"',
        "filter @message like 'it failed | join us' # | SOURCE of it\n| limit 5",
        "fields resource, bytes / 1000 as kb, (a + b) / 2",
        "fields `source`, `a | join` | dedup `unmask`",
        r'parse @message "user=\"*\"" as user | stats count() by user',
    ],
)
def test_what_reads_its_own_log_groups_is_asked(query: str) -> None:
    refuse_reaching(query)
