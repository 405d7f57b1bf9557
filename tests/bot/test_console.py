"""Addresses in the AWS console, in every partition, and none that somebody else made up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.console import alarm_address, bucket_address, dashboard_address, insights_address, service_address


def test_an_alarm_is_linked_as_cloudwatchs_own_mails_link_it() -> None:
    assert alarm_address("eu-west-1", "api errors/5xx #1") == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/deeplink.js?region=eu-west-1"
        "#alarmsV2:alarm/api%20errors%2F5xx%20%231"
    )


def test_a_dashboard_is_linked_in_its_region() -> None:
    assert dashboard_address("us-east-1", "prod/front page") == (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        "#dashboards/dashboard/prod%2Ffront%20page"
    )
    assert dashboard_address("us-east-1.evil.example", "x") == dashboard_address("us-east-1", "") == ""


def test_a_service_is_linked_by_name_and_by_arn() -> None:
    wanted = "https://us-east-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/api/health?region=us-east-1"
    assert service_address("us-east-1", "prod", "api") == wanted
    arn = "arn:aws:ecs:us-east-1:123456789012"
    assert service_address("us-east-1", f"{arn}:cluster/prod", f"{arn}:service/prod/api") == wanted


def test_what_lies_under_a_prefix_of_a_bucket_is_linked() -> None:
    assert bucket_address("us-east-1", "bi-logs", "daily/api/") == (
        "https://us-east-1.console.aws.amazon.com/s3/buckets/bi-logs?region=us-east-1&prefix=daily%2Fapi%2F"
        "&showversions=false"
    )
    assert bucket_address("evil.example.com/", "b", "p") == "" == bucket_address("us-east-1", "", "p")


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("ap-southeast-7", "ap-southeast-7.console.aws.amazon.com"),
    ],
)
def test_each_partition_has_its_own_console(region: str, host: str) -> None:
    assert alarm_address(region, "a").startswith(f"https://{host}/")


@pytest.mark.parametrize("region", ["", "global", "evil.example.com/", "eu-west-1.evil", "eu-west-1\n"])
def test_what_is_no_region_leads_nowhere(region: str) -> None:
    assert alarm_address(region, "a") == "" == service_address(region, "c", "s")


def test_what_is_missing_leads_nowhere() -> None:
    assert alarm_address("eu-west-1", "") == ""
    assert service_address("eu-west-1", "c", "") == "" == service_address("eu-west-1", "", "s")


@given(st.text(st.characters(), min_size=1))
def test_no_name_breaks_out_of_its_address(name: str) -> None:
    address = alarm_address("eu-west-1", name)
    assert address.count("#") == 1 and address.isascii()
    assert not set(address.partition("#alarmsV2:alarm/")[2]) & set(" \n<>|\"'&?#/")


def test_a_query_is_asked_again_of_the_same_groups_and_times() -> None:
    address = insights_address("eu-west-1", ["/ecs/api", "b"], 'like "é"', 0.0, 900.0)
    start, _, detail = address.partition("queryDetail$3D")
    assert start == "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:logs-insights$3F"
    for coded, plain in (("$257E", "~"), ("$2528", "("), ("$2529", ")"), ("$2527", "'")):
        detail = detail.replace(coded, plain)
    assert detail == (
        "~(end~'1970-01-01T00*3a15*3a00.000Z~start~'1970-01-01T00*3a00*3a00.000Z~timeType~'ABSOLUTE~tz~'UTC"
        "~editorString~'like*20*22*c3*a9*22~source~(~'*2fecs*2fapi~'b))"
    )


@given(st.text(st.characters(), min_size=1))
def test_no_query_breaks_out_of_its_address(query: str) -> None:
    address = insights_address("eu-west-1", ["/g"], query, 0.0, 1.0)
    assert address.count("#") == 1 and address.isascii()
    assert not set(address.partition("#")[2]) & set(" \n<>|\"'&?#/")
