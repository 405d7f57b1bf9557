"""The configuration in the repository: it loads, and it says what the runbooks say where they are right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.catalog import Catalog
from bot.check import offline
from bot.domain import Environment, Health, Service, ServiceAlarm, ServiceKind, Severity, System
from bot.responses import Level, Response
from bot.settings import (
    AccessConfig,
    BotConfig,
    CalendarConfig,
    EnvironmentVariables,
    FreezeRule,
    MaintenanceRule,
    Role,
    Rule,
    Times,
    Timings,
    WindowRule,
    load,
)
from bot.settings.models import Correlation
from sandbox.app_config import copy_config

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
SETTINGS = load(CONFIG)
CATALOG = Catalog(SETTINGS.systems)
SHIPPED = sorted([*CONFIG.glob("*.yaml"), *CONFIG.glob("systems/*.yaml")])


def service(name: str, environment: str = "production") -> Service:
    return CATALOG.find(name, environment).service


def test_nothing_is_wrong_with_it() -> None:
    assert offline(CONFIG) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_file_names_its_schema_for_editors(path: Path) -> None:
    match = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text(encoding="utf-8"))
    assert match, "the first line must name the schema"
    assert (path.parent / match[1]).resolve().is_relative_to(ROOT / "docs" / "schema")
    assert (path.parent / match[1]).is_file()


def test_the_systems_live_in_their_channels() -> None:
    assert {system.system: system.channel for system in SETTINGS.systems} == {
        "arbor": "#arbor-energy",
        "bi": "#bi-platform",
        "caption": "#image-caption",
        "photo": "#rapid-photo",
        "usage": "#usage-metrics",
    }


def test_every_service_of_the_runbooks_is_there() -> None:
    assert {(target.label, target.service.kind.value) for target in CATALOG.targets} == {
        ("bi/api staging", "ecs"),
        ("bi/executor staging", "ecs"),
        ("bi/frontend staging", "static_site"),
        ("bi/api production", "ecs"),
        ("bi/executor production", "ecs"),
        ("bi/frontend production", "static_site"),
        ("usage/delivery-standard production", "ecs"),
        ("caption/app production", "ecs"),
        ("photo/backend production", "ecs"),
        ("photo/image-processor production", "lambda"),
        ("photo/web production", "static_site"),
        ("arbor/backend production", "ecs"),
        ("arbor/frontend production", "ecs"),
    }


def test_only_staging_is_no_production() -> None:
    assert {target.environment for target in CATALOG.targets if not target.production} == {"staging"}


def test_health_addresses_answer_what_the_runbooks_expect() -> None:
    health = {target.label: target.service.health for target in CATALOG.targets if target.service.health}
    assert health == {
        "bi/api staging": Health(url="https://bi-staging.internal.company.com/api/health"),
        "bi/api production": Health(url="https://bi.internal.company.com/api/health"),
        "usage/delivery-standard production": Health(
            url="https://api.example.com/health",
            expect={"status": "healthy", "service": "ioanyt-delivery-standard", "version": "deployed"},
        ),
        "caption/app production": Health(url="https://your-app-url.com/_stcore/health"),
        "arbor/backend production": Health(
            url="https://your-domain.com/api/v1/health",
            expect={"status": "healthy", "database": "connected", "redis": "connected"},
        ),
        "arbor/frontend production": Health(url="https://your-domain.com"),
    }


@pytest.mark.parametrize(
    ("alarm", "key", "severity"),
    [
        ("delivery-standard-prod-unhealthy-hosts", "usage/production/delivery-standard", Severity.CRITICAL),
        ("delivery-standard-prod-high-error-rate", "usage/production/delivery-standard", Severity.HIGH),
        ("delivery-standard-prod-high-cpu", "usage/production/delivery-standard", Severity.MEDIUM),
        ("image-caption-gen-high-error-rate-prod", "caption/production/app", Severity.HIGH),
        ("bi-production-executor-card-timeouts", "bi/production/executor", Severity.HIGH),
        ("rapid-photo-prod-image-processor-throttles", "photo/production/image-processor", Severity.HIGH),
        ("arbor-production-backend-slow-recommendations", "arbor/production/backend", Severity.MEDIUM),
    ],
)
def test_alarms_lead_to_their_service_with_the_runbooks_severity(alarm: str, key: str, severity: Severity) -> None:
    found = CATALOG.by_alarm(alarm)
    assert found and (found[0].key, found[1]) == (key, severity)


def test_what_aws_knows_is_not_written_down() -> None:
    for target in CATALOG.targets:
        if target.service.kind is ServiceKind.ECS:
            assert not target.service.family and not target.service.container
    assert service("arbor/backend").log_groups == ("/aws/rds/instance/arbor-production-db/postgresql",)


def test_on_call_may_deploy_and_everybody_may_look() -> None:
    access = SETTINGS.access
    production, staging = CATALOG.find("bi/api", "production"), CATALOG.find("bi/api", "staging")
    assert access.allowed_roles("deploy", production) == ("on-call", "admins")
    assert access.allowed_roles("read", staging) == ("anyone", "admins")
    assert access.roles["on-call"].groups == ("S0ONCALL",)


def test_the_documentation_names_every_key_and_every_variable() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    models: tuple[type[BaseModel], ...] = (
        *(System, Environment, Service, Health, ServiceAlarm),
        *(BotConfig, Timings, Correlation, Response, Level, AccessConfig, Role, Rule),
        *(CalendarConfig, FreezeRule, WindowRule, MaintenanceRule, Times),
    )
    missing = {name for model in models for name in model.model_fields if f"`{name}`" not in text}
    missing |= {name.upper() for name in EnvironmentVariables.model_fields if f"`{name.upper()}`" not in text}
    assert not missing


def test_the_windows_and_freezes_of_the_runbooks_are_there() -> None:
    outside = {name: (rule.systems, rule.outside) for name, rule in SETTINGS.calendar.windows.items()}
    assert outside == {
        "usage-sundays": (("usage",), "warn"),
        "bi-production": (("bi",), "block"),
        "caption-sundays": (("caption",), "notice"),
    }
    assert {name: rule.last_days for name, rule in SETTINGS.calendar.freezes.items()} == {"usage-quarter-end": 7}


def test_no_alarm_is_silent_each_sunday_and_the_example_of_a_maintenance_is_a_good_one(tmp_path: Path) -> None:
    assert SETTINGS.calendar.maintenance == {}
    written = (CONFIG / "calendar.yaml").read_text(encoding="utf-8")
    head, _, example = written.partition("# maintenance:")
    shown = "".join(
        line.removeprefix("# ").removeprefix("#") for line in f"# maintenance:{example}".splitlines(keepends=True)
    )
    config = copy_config(CONFIG, tmp_path / "config")
    (config / "calendar.yaml").write_text(head + shown, encoding="utf-8")
    (rule,) = load(config).calendar.maintenance.values()
    assert (rule.systems, rule.environments) == (("caption",), ("production",))
    assert rule.during[0].hours == (120, 150)


def test_the_sandbox_only_warns_of_office_hours_and_takes_a_minutes_notice_for_an_hours(tmp_path: Path) -> None:
    calendar = load(copy_config(CONFIG, tmp_path / "config")).calendar
    changed: dict[str, dict[str, object]] = {
        "bi-production": {"outside": "warn"},
        "caption-sundays": {"notice": 60.0},
    }
    known = SETTINGS.calendar.windows
    windows = {**known, **{name: known[name].model_copy(update=changes) for name, changes in changed.items()}}
    assert calendar == SETTINGS.calendar.model_copy(update={"windows": windows})


def test_stories_end_the_same_way_on_every_day(tmp_path: Path) -> None:
    calendar = load(copy_config(CONFIG, tmp_path / "config", ROOT / "tests" / "stories" / "config")).calendar
    assert (calendar.freezes, calendar.windows) == ({}, {})
