"""Two functions in a pretend account, one of a zip and one of an image, made by boto3 as any script would."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from sandbox.clock import Clock

ACCOUNT = "123456789012"
BUCKET = "mill-artifacts"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/mill-image"
ZIP, IMAGE = "mill", "mill-image"
ALARM = "mill-errors"


def archive(version: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as files:
        files.writestr(zipfile.ZipInfo("src.py"), f"RELEASE = {version!r}\n")
    return made.getvalue()


class Mill:
    """``mill`` (zip, version 1 of v1 behind the alias prod) and ``mill-image`` (the same with an image)."""

    def __init__(self, client: Callable[..., Any], clock: Clock) -> None:
        self.clock = clock
        self.functions, self.s3, self.ecr = client("lambda"), client("s3"), client("ecr")
        self.cloudwatch = client("cloudwatch")
        self.s3.create_bucket(Bucket=BUCKET)
        self.ecr.create_repository(repositoryName="mill-image")
        for version in ("v1", "v2", "v3-errors", "v4-failed", "v5-slow"):
            self.add(version)
        role = client("iam").create_role(RoleName="mill", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self._make(ZIP, role, {"S3Bucket": BUCKET, "S3Key": "v1.zip"}, Runtime="python3.11", Handler="src.main")
        self._make(IMAGE, role, {"ImageUri": f"{REPOSITORY}:v1"}, PackageType="Image")

    def add(self, version: str) -> None:
        """An archive and an image of a version."""
        self.s3.put_object(Bucket=BUCKET, Key=f"{version}.zip", Body=archive(version), ChecksumAlgorithm="SHA256")
        platforms = [{"digest": f"sha256:{'0' * 64}", "platform": {"architecture": "amd64", "os": "linux"}}]
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": platforms,
            "annotations": {"version": version},
        }
        self.ecr.put_image(repositoryName="mill-image", imageTag=version, imageManifest=json.dumps(manifest))

    def _make(self, name: str, role: str, code: dict[str, str], **more: Any) -> None:
        self.functions.create_function(FunctionName=name, Role=role, Code=code, **more)
        self.clock.advance(10)
        self.functions.publish_version(FunctionName=name, Description="release v1")
        self.clock.advance(10)
        self.functions.create_alias(FunctionName=name, Name="prod", FunctionVersion="1")

    def watch_errors(self) -> None:
        """The alarm on failed calls of ``mill``'s alias, at rest."""
        where = [{"Name": "FunctionName", "Value": ZIP}, {"Name": "Resource", "Value": f"{ZIP}:prod"}]
        self.cloudwatch.put_metric_alarm(
            AlarmName=ALARM,
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=where,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=5.0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )
        self.cloudwatch.set_alarm_state(AlarmName=ALARM, StateValue="OK", StateReason="quiet")

    def alarm(self) -> str:
        return str(self.cloudwatch.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"][0]["StateValue"])

    def update(self, version: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.functions.update_function_code(
            FunctionName=ZIP, S3Bucket=BUCKET, S3Key=f"{version}.zip", **more
        )
        return found

    def publish(self, version: str) -> str:
        """Update, wait, publish and wait; returns the version's number."""
        self.update(version)
        self.clock.advance(10)
        made = self.functions.publish_version(FunctionName=ZIP, Description=version)
        self.clock.advance(10)
        return str(made["Version"])

    def configuration(self, qualifier: str = "$LATEST", name: str = ZIP) -> dict[str, Any]:
        found: dict[str, Any] = self.functions.get_function(FunctionName=name, Qualifier=qualifier)["Configuration"]
        return found

    def alias(self, name: str = ZIP) -> dict[str, Any]:
        found: dict[str, Any] = self.functions.get_alias(FunctionName=name, Name="prod")
        return found

    def move(self, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.functions.update_alias(FunctionName=ZIP, Name="prod", **more)
        return found
