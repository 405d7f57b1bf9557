"""What people type and what alarms say, and the one target that is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalog import Catalog
from bot.domain import Account, Environment, Service, ServiceAlarm, ServiceKind, Severity, System
from bot.errors import NotFoundError

ROLE = "arn:aws:iam::123456789012:role/bot"


def ecs(cluster: str, *alarms: str, service: str = "") -> Service:
    listed = tuple(ServiceAlarm(name=name, severity=Severity.HIGH) for name in alarms)
    return Service(kind=ServiceKind.ECS, cluster=cluster, service=service, alarms=listed)


def site(bucket: str, distribution: str, *alarms: str) -> Service:
    listed = tuple(ServiceAlarm(name=name) for name in alarms)
    return Service(kind=ServiceKind.STATIC_SITE, bucket=bucket, distribution=distribution, alarms=listed)


BI = System(
    system="bi",
    channel="#bi",
    region="ap-northeast-1",
    role_arn=ROLE,
    external_id="bi-id",
    environments={
        "staging": Environment(
            region="eu-west-1", channel="#bi-staging", services={"api": ecs("bi-staging", "api-errors")}
        ),
        "production": Environment(
            production=True,
            role_arn=f"{ROLE}-production",
            services={
                "api": ecs("bi-production", "api-errors"),
                "frontend": site("bi-static", "E1BI", "bi-site-errors"),
            },
        ),
    },
)
ARBOR = System(
    system="arbor",
    channel="#arbor",
    region="us-east-1",
    environments={
        "production": Environment(
            services={"backend": ecs("arbor", service="arbor-backend"), "frontend": ecs("arbor", service="arbor-front")}
        )
    },
)
PHOTO = System(
    system="photo",
    channel="#photo",
    region="us-east-1",
    environments={
        "production": Environment(
            services={"resize": Service(kind=ServiceKind.LAMBDA, function="photo-resize", alias="prod")}
        ),
        "prototype": Environment(
            services={"resize": Service(kind=ServiceKind.LAMBDA, function="photo-try", alias="prod")}
        ),
    },
)
CATALOG = Catalog([BI, ARBOR, PHOTO])


def refusal(service: str, environment: str | None = None) -> str:
    with pytest.raises(NotFoundError) as caught:
        CATALOG.find(service, environment)
    return str(caught.value)


def test_targets_keep_the_order_of_the_files() -> None:
    assert [target.key for target in CATALOG.targets] == [
        "bi/staging/api",
        "bi/production/api",
        "bi/production/frontend",
        "arbor/production/backend",
        "arbor/production/frontend",
        "photo/production/resize",
        "photo/prototype/resize",
    ]
    assert CATALOG.systems == (BI, ARBOR, PHOTO)


@pytest.mark.parametrize(
    ("service", "environment", "key"),
    [
        ("api", "production", "bi/production/api"),
        ("bi/api", "staging", "bi/staging/api"),
        (" BI/API ", "PROD", "bi/production/api"),
        ("frontend", "staging", None),
        ("backend", None, "arbor/production/backend"),
        ("photo", "production", "photo/production/resize"),
        ("resize", "prot", "photo/prototype/resize"),
        ("bi", "stag", "bi/staging/api"),
    ],
)
def test_the_service_that_is_meant_is_found(service: str, environment: str | None, key: str | None) -> None:
    if key is None:
        assert refusal(service, environment)
    else:
        assert CATALOG.find(service, environment).key == key


@pytest.mark.parametrize(
    ("service", "environment", "sentence"),
    [
        ("frontend", "production", "'frontend' could be bi/frontend or arbor/frontend. Say which one."),
        ("api", None, "bi/api runs in staging and production. Say in which one."),
        ("resize", "pro", "'pro' could be production or prototype. Write more of it."),
        ("apii", "production", "There is no service 'apii'. Did you mean api?"),
        (
            "bi/fronten",
            None,
            "There is no service 'bi/fronten'. Did you mean bi/frontend or arbor/frontend?",
        ),
        ("arbr", None, "There is no service 'arbr'. Did you mean arbor?"),
        ("bi", "production", "bi is a system; its services are api and frontend. Say which one, as bi/api."),
        ("Arbor", None, "arbor is a system; its services are backend and frontend. Say which one, as arbor/backend."),
        ("bi/api", "prd", "bi/api does not run in 'prd'. Did you mean production?"),
        ("bi/api", "live", "bi/api does not run in 'live'. Known here: staging and production."),
        ("bi", "qa", "There is no environment 'qa'. Known here: staging and production."),
        (
            "zzzz\n",
            "production",
            "There is no service 'zzzz'."
            " There are bi/api, bi/frontend, arbor/backend, arbor/frontend and photo/resize.",
        ),
    ],
)
def test_a_word_that_fits_nothing_gets_the_candidates(service: str, environment: str | None, sentence: str) -> None:
    assert refusal(service, environment) == sentence


def test_a_listing_takes_a_system_a_service_or_everything() -> None:
    assert CATALOG.matching() == CATALOG.targets
    assert {target.system for target in CATALOG.matching("bi")} == {"bi"}
    assert [target.label for target in CATALOG.matching("frontend")] == [
        "bi/frontend production",
        "arbor/frontend production",
    ]
    assert {target.environment for target in CATALOG.matching(None, "production")} == {"production"}


def test_an_environment_overrides_what_it_names_and_inherits_the_rest() -> None:
    staging, production = CATALOG.find("bi/api", "staging"), CATALOG.find("bi/api", "production")
    assert staging.account == CATALOG.account(staging) == Account("eu-west-1", ROLE, "bi-id")
    assert (staging.channel, staging.production) == ("#bi-staging", False)
    # The system's external id was agreed for the system's role, not for this one.
    assert production.account == Account("ap-northeast-1", f"{ROLE}-production", "")
    assert (production.channel, production.production) == ("#bi", True)


def test_keys_and_names_lead_back_to_targets_and_systems() -> None:
    assert CATALOG.target("bi/production/api") is CATALOG.find("bi/api", "production")
    assert CATALOG.target("bi/production/nothing") is None
    assert CATALOG.system("BI") is BI and CATALOG.system("nothing") is None


def test_an_alarm_belongs_to_who_lists_it_in_its_region() -> None:
    assert CATALOG.by_alarm("api-errors", "eu-west-1") == (CATALOG.find("bi/api", "staging"), Severity.HIGH)
    assert CATALOG.by_alarm("api-errors", "ap-northeast-1") == (CATALOG.find("bi/api", "production"), Severity.HIGH)
    assert CATALOG.by_alarm("api-errors", "us-west-2") is None
    assert CATALOG.by_alarm("nobody-lists-me") is None


def test_an_alarm_on_a_site_may_live_where_cloudfront_keeps_its_metrics() -> None:
    found = (CATALOG.find("bi/frontend", "production"), Severity.MEDIUM)
    assert CATALOG.by_alarm("bi-site-errors", "us-east-1") == found
    assert CATALOG.by_alarm("bi-site-errors", "ap-northeast-1") == found


@pytest.mark.parametrize(
    ("region", "dimensions", "key"),
    [
        ("ap-northeast-1", {"ClusterName": "bi-production", "ServiceName": "api"}, "bi/production/api"),
        ("us-east-1", {"ServiceName": "arbor-front", "ClusterName": "arbor"}, "arbor/production/frontend"),
        ("us-east-1", {"ClusterName": "bi-production", "ServiceName": "api"}, None),
        ("us-east-1", {"ClusterName": "arbor"}, None),
        ("us-east-1", {"FunctionName": "photo-resize", "Resource": "photo-resize:prod"}, "photo/production/resize"),
        ("us-east-1", {"DistributionId": "E1BI", "Region": "Global"}, "bi/production/frontend"),
        ("ap-northeast-1", {"BucketName": "bi-static", "StorageType": "StandardStorage"}, "bi/production/frontend"),
        ("us-east-1", {}, None),
    ],
)
def test_dimensions_lead_to_their_target(region: str, dimensions: dict[str, str], key: str | None) -> None:
    found = CATALOG.by_dimensions(region, dimensions)
    assert (found.key if found else None) == key


def test_nothing_configured_finds_nothing() -> None:
    with pytest.raises(NotFoundError) as caught:
        Catalog([]).find("api")
    assert str(caught.value) == "There is no service 'api'. There are none."


def test_a_long_list_is_cut() -> None:
    services = {f"worker-{number}": ecs("c", service=f"w{number}") for number in range(200)}
    system = BI.model_copy(update={"environments": {"production": Environment(services=services)}})
    with pytest.raises(NotFoundError) as caught:
        Catalog([system]).find("zzz")
    assert caught.value.hint.endswith("bi/worker-11 and 188 more.")


@given(st.text(max_size=300), st.none() | st.text(max_size=300))
def test_whatever_is_typed_the_answer_is_a_target_or_a_short_sentence(service: str, environment: str | None) -> None:
    try:
        assert CATALOG.find(service, environment) in CATALOG.targets
    except NotFoundError as error:
        assert len(str(error)) < 500 and "\n" not in str(error)
