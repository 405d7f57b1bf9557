"""What belongs to the systems besides ECS and Lambda: sites, builds and tables. As little as will do."""

from __future__ import annotations

from moto.cloudfront.models import cloudfront_backends

from sandbox.aws import products
from sandbox.seed.account import ACCOUNT, Account, in_parallel
from sandbox.seed.catalogue import BUILD_PROJECTS, SITES, TABLES, US, Site

NO_CACHE = "public, max-age=0, must-revalidate"
"""The header that runbook 000 gives index.html."""

_FOR_EVER = "public, max-age=31536000, immutable"


def build_sites(account: Account) -> None:
    """A versioned bucket with two releases of index.html, and a distribution, for every static site."""
    in_parallel(lambda site: _build_site(account, site), SITES)


def _build_site(account: Account, site: Site) -> None:
    s3 = account.client("s3", site.region)
    where = {} if site.region == US else {"CreateBucketConfiguration": {"LocationConstraint": site.region}}
    s3.create_bucket(Bucket=site.bucket, **where)
    s3.put_bucket_versioning(Bucket=site.bucket, VersioningConfiguration={"Status": "Enabled"})
    for release in ("v1.4.1", "v1.4.2"):
        script = f"assets/app-{release}.js"
        page = f'<!doctype html><title>{release}</title><script src="/{script}"></script>'
        s3.put_object(Bucket=site.bucket, Key=script, Body=b"void 0;", CacheControl=_FOR_EVER)
        s3.put_object(
            Bucket=site.bucket, Key="index.html", Body=page.encode(), CacheControl=NO_CACHE, ContentType="text/html"
        )
    made = account.client("cloudfront", US).create_distribution(DistributionConfig=_distribution(site))
    _rename(made["Distribution"]["Id"], site.distribution)


def _distribution(site: Site) -> dict[str, object]:
    origin = {
        "Id": "site",
        "DomainName": f"{site.bucket}.s3.{site.region}.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    return {
        "CallerReference": site.distribution,
        "Comment": site.bucket,
        "Enabled": True,
        "DefaultRootObject": "index.html",
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "site",
            "ViewerProtocolPolicy": "redirect-to-https",
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            "MinTTL": 0,
        },
    }


def _rename(made: str, wanted: str) -> None:
    """Give a distribution the id that ``config/`` has: AWS chooses ids, and no call can change one."""
    backend = cloudfront_backends[ACCOUNT]["aws"]
    distribution = backend.distributions.pop(made)
    distribution.distribution_id = distribution.id = wanted
    distribution.arn = distribution.arn.replace(made, wanted)
    backend.distributions[wanted] = distribution


def build_projects(account: Account) -> None:
    """The CodeBuild projects; what each makes stands in its variables."""
    for project in BUILD_PROJECTS:
        variable = {"name": products.IMAGE_REPOSITORY, "value": project.image_repository, "type": "PLAINTEXT"}
        account.client("codebuild", project.region).create_project(
            name=project.name,
            source={"type": "GITHUB", "location": "https://github.com/example/bi"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "privilegedMode": True,
                "environmentVariables": [variable],
            },
            serviceRole=f"arn:aws:iam::{ACCOUNT}:role/{project.name}",
        )


def build_tables(account: Account) -> None:
    """The runbooks' DynamoDB tables, empty."""
    for region, names in TABLES.items():
        for name in names:
            account.client("dynamodb", region).create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            )
