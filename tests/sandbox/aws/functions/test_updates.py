from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.aws.functions.mill import ACCOUNT, BUCKET, IMAGE, REPOSITORY, ZIP, Mill


def refused(call: Any, **parameters: Any) -> tuple[str, str]:
    """Code and message of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_an_update_takes_a_while_and_nothing_else_may_go_on_meanwhile(mill: Mill) -> None:
    assert mill.update("v2")["LastUpdateStatus"] == "InProgress"
    code, text = refused(mill.update, version="v1")
    assert (code, "An update is in progress" in text) == ("ResourceConflictException", True)
    assert refused(mill.functions.publish_version, FunctionName=ZIP)[0] == "ResourceConflictException"
    assert refused(mill.functions.update_function_configuration, FunctionName=ZIP, Timeout=9)[0] == code
    mill.clock.advance(6)
    assert mill.configuration()["LastUpdateStatus"] == "Successful"


def test_a_slow_update_takes_longer(mill: Mill) -> None:
    mill.update("v5-slow")
    mill.clock.advance(30)
    assert mill.configuration()["LastUpdateStatus"] == "InProgress"
    mill.clock.advance(40)
    assert mill.configuration()["LastUpdateStatus"] == "Successful"


def test_an_update_that_fails_says_why(mill: Mill) -> None:
    mill.update("v4-failed")
    mill.clock.advance(6)
    found = mill.configuration()
    assert (found["LastUpdateStatus"], found["LastUpdateStatusReasonCode"]) == ("Failed", "InvalidZipFileException")
    assert "unzip" in found["LastUpdateStatusReason"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"S3Bucket": BUCKET, "S3Key": "v9.zip"}, "NoSuchKey"),
        ({"S3Bucket": "nobody", "S3Key": "v9.zip"}, "NoSuchBucket"),
        ({"ImageUri": f"{REPOSITORY}:v2"}, "package type Zip"),
    ],
)
def test_code_must_be_there_and_of_the_functions_kind(mill: Mill, where: dict[str, str], expected: str) -> None:
    code, text = refused(mill.functions.update_function_code, FunctionName=ZIP, **where)
    assert (code, expected in text) == ("InvalidParameterValueException", True)


def test_an_image_must_be_in_the_registry(mill: Mill) -> None:
    code, text = refused(mill.functions.update_function_code, FunctionName=IMAGE, ImageUri=f"{REPOSITORY}:v9")
    assert code == "InvalidParameterValueException"
    assert text == f"Source image {REPOSITORY}:v9 does not exist. Provide a valid source image."


def test_a_published_image_stays_what_it_was_when_the_code_goes_on(mill: Mill) -> None:
    mill.functions.update_function_code(FunctionName=IMAGE, ImageUri=f"{REPOSITORY}:v2")
    mill.clock.advance(6)
    old, new = (mill.functions.get_function(FunctionName=IMAGE, Qualifier=each)["Code"] for each in ("1", "$LATEST"))
    assert (old["ImageUri"], new["ImageUri"]) == (f"{REPOSITORY}:v1", f"{REPOSITORY}:v2")
    assert new["ResolvedImageUri"] == f"{REPOSITORY}@sha256:{mill.configuration(name=IMAGE)['CodeSha256']}"


def test_a_stale_revision_is_refused(mill: Mill) -> None:
    before = mill.configuration()["RevisionId"]
    mill.update("v2", RevisionId=before)
    mill.clock.advance(6)
    code, text = refused(mill.update, version="v1", RevisionId=before)
    assert (code, "does not match" in text) == ("PreconditionFailedException", True)


def test_a_dry_run_changes_nothing(mill: Mill) -> None:
    before = mill.configuration()
    mill.update("v2", DryRun=True)
    assert mill.configuration() == before


def test_publishing_the_same_again_gives_the_same_number(mill: Mill) -> None:
    made = mill.functions.publish_version(FunctionName=ZIP, Description="again")
    assert (made["Version"], made["Description"]) == ("1", "release v1")
    mill.functions.update_function_configuration(FunctionName=ZIP, Timeout=9)
    mill.clock.advance(6)
    assert mill.functions.publish_version(FunctionName=ZIP)["Version"] == "2"


def test_a_number_is_never_used_again(mill: Mill) -> None:
    assert mill.publish("v2") == "2"
    mill.functions.delete_function(FunctionName=ZIP, Qualifier="2")
    assert mill.publish("v3-errors") == "3"


def test_a_version_of_other_code_than_was_meant_is_not_published(mill: Mill) -> None:
    wanted = mill.update("v2")["CodeSha256"]
    mill.clock.advance(6)
    mill.update("v1")
    mill.clock.advance(6)
    code, text = refused(mill.functions.publish_version, FunctionName=ZIP, CodeSha256=wanted)
    assert (code, "is different from current CodeSHA256" in text) == ("InvalidParameterValueException", True)


def test_a_version_is_pending_before_it_is_active(mill: Mill) -> None:
    mill.update("v2")
    mill.clock.advance(6)
    assert mill.functions.publish_version(FunctionName=ZIP)["State"] == "Pending"
    mill.clock.advance(4)
    assert mill.configuration("2")["State"] == "Active"


def test_lists_of_versions_do_not_tell_how_they_are(mill: Mill) -> None:
    mill.publish("v2")
    found = mill.functions.list_versions_by_function(FunctionName=ZIP)["Versions"]
    assert [each["Version"] for each in found] == ["$LATEST", "1", "2"]
    assert not any("State" in each or "LastUpdateStatus" in each for each in found)
    assert found[0]["RevisionId"] == mill.configuration()["RevisionId"]


def test_lists_of_versions_come_in_pages(mill: Mill) -> None:
    mill.publish("v2")
    first = mill.functions.list_versions_by_function(FunctionName=ZIP, MaxItems=2)
    rest = mill.functions.list_versions_by_function(FunctionName=ZIP, MaxItems=2, Marker=first["NextMarker"])
    assert [each["Version"] for each in (*first["Versions"], *rest["Versions"])] == ["$LATEST", "1", "2"]
    assert "NextMarker" not in rest


def test_versions_of_a_function_nobody_has_are_not_found(mill: Mill) -> None:
    code, text = refused(mill.functions.list_versions_by_function, FunctionName="nobody")
    assert code == "ResourceNotFoundException"
    assert text.endswith(f"{ACCOUNT}:function:nobody")


def test_calls_run_nothing_and_fail_where_the_version_is_to_fail(mill: Mill) -> None:
    mill.publish("v3-errors")
    assert "FunctionError" not in mill.functions.invoke(FunctionName=ZIP, Qualifier="1")
    assert mill.functions.invoke(FunctionName=ZIP, Qualifier="2")["FunctionError"] == "Unhandled"
