"""The five systems of the runbooks as the pretend account has them.

Names are the runbooks' own; where a runbook leaves one open, ``config/systems`` has it. What the runbooks do not say
(sizes, counts, container names) is chosen so that it looks like somebody's production.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.aws import products
from sandbox.github_runs import Workflow
from sandbox.seed.account import ACCOUNT

US = "us-east-1"
TOKYO = "ap-northeast-1"
REGIONS = (US, TOKYO)

FATES = ("v1.5.1-crash", "v1.5.2-oom", "v1.5.3-nopull", "v1.5.4-unhealthy", "v1.5.5-slow", "v1.5.6-stuck")
"""Images that go wrong in the way their tag's ending says. All exist in the repository; one cannot be pulled."""

NEWER_GOOD = ("v1.5.0", "v1.5.7", "v1.6.0")
"""Good images that no service runs at the start."""

ARM_ONLY = ("arbor-frontend", "v9-arm")
"""An image that exists, and that the service it belongs to cannot run: it is built for ARM64 alone."""

RUNNING = "v1.4.2"

_RELEASES = ("v1.2.0", "v1.2.1", "v1.2.3", "v1.3.0", "v1.3.1", "v1.3.2", "v1.4.0", "v1.4.1", RUNNING)
_COMMITS = ("3f9c2ab", "b81d07e", "0c4e6f1", "9ad35b2", "e7720fc", "51b8d3a", "c26f94e", "8d0a17b", "f4416c9")


@dataclass(frozen=True)
class EcsService:
    """One ECS service and what hangs on it.

    ``architectures`` are those its images are built for. ``secret_keys`` are pairs of a variable and the key of
    ``secret`` that it is given, empty for the whole secret; ``parameters`` of a variable and a parameter.
    """

    system: str
    environment: str
    name: str
    region: str
    cluster: str
    service: str
    family: str
    container: str
    repository: str
    log_group: str
    log_style: str
    desired: int
    cpu: int
    memory: int
    port: int = 0
    health_path: str = ""
    history: tuple[str, ...] = _RELEASES
    architectures: tuple[str, ...] = ("amd64",)
    secret: str = ""
    secret_keys: tuple[tuple[str, str], ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def execution_role(self) -> str:
        """The ARN of the role that pulls its image and reads its secrets."""
        return f"arn:aws:iam::{ACCOUNT}:role/{self.family}-execution"

    @property
    def task_role(self) -> str:
        """The ARN of the role its code has."""
        return f"arn:aws:iam::{ACCOUNT}:role/{self.family}-task"

    @property
    def load_balancer(self) -> str:
        """The name of its load balancer; empty where nobody reaches it from outside."""
        return f"{self.family}"[:32].rstrip("-") if self.port else ""

    @property
    def running(self) -> str:
        """The image tag that runs at the start."""
        return self.history[-1]


def _bi(environment: str, name: str, desired: int, memory: int) -> EcsService:
    api = name == "api"
    return EcsService(
        system="bi",
        environment=environment,
        name=name,
        region=TOKYO,
        cluster=f"bi-{environment}",
        service=name,
        family=f"bi-{environment}-{name}",
        container=name,
        repository=f"bi-{name}",
        log_group=f"/ecs/bi-{environment}-{name}",
        log_style=f"bi-{name}",
        desired=desired,
        cpu=512,
        memory=memory,
        port=8000 if api else 0,
        health_path="/api/health" if api else "",
        history=_COMMITS,
        secret=f"bi-{environment}-jwt" if api else "",
        secret_keys=(("JWT_SECRET_KEY", ""),) if api else (),
    )


def _arbor(name: str, desired: int, port: int, health_path: str) -> EcsService:
    return EcsService(
        system="arbor",
        environment="production",
        name=name,
        region=US,
        cluster="arbor-production-cluster",
        service=f"arbor-production-{name}",
        family=f"arbor-production-{name}",
        container=name,
        repository=f"arbor-{name}",
        log_group=f"/ecs/arbor-production/{name}",
        log_style=f"arbor-{name}",
        desired=desired,
        cpu=512,
        memory=1024,
        port=port,
        health_path=health_path,
        secret="arbor/production/db" if name == "backend" else "",
        secret_keys=(("DB_USERNAME", "username"), ("DB_PASSWORD", "password")) if name == "backend" else (),
    )


SERVICES = (
    _bi("staging", "api", 2, 1024),
    _bi("staging", "executor", 2, 2048),
    _bi("production", "api", 3, 1024),
    _bi("production", "executor", 4, 2048),
    EcsService(
        system="usage",
        environment="production",
        name="delivery-standard",
        region=US,
        cluster="ioanyt-prod",
        service="delivery-standard",
        family="delivery-standard",
        container="delivery-standard",
        repository="delivery-standard",
        log_group="/ecs/delivery-standard-prod",
        log_style="usage",
        desired=2,
        cpu=256,
        memory=512,
        port=3000,
        health_path="/health",
    ),
    EcsService(
        system="caption",
        environment="production",
        name="app",
        region=US,
        cluster="image-caption-gen-cluster-prod",
        service="image-caption-gen-service-prod",
        family="image-caption-gen-prod",
        container="app",
        repository="image-caption-gen",
        log_group="/ecs/image-caption-gen-prod",
        log_style="caption",
        desired=2,
        cpu=512,
        memory=1024,
        port=8501,
        health_path="/_stcore/health",
        architectures=("amd64", "arm64"),
        secret="image-caption-gen-secrets-prod",
        secret_keys=(("HF_API_KEY", "hf_api_key"),),
    ),
    EcsService(
        system="photo",
        environment="production",
        name="backend",
        region=US,
        cluster="rapid-photo-prod-cluster",
        service="rapid-photo-prod-backend",
        family="rapid-photo-prod-backend",
        container="backend",
        repository="rapid-photo/backend",
        log_group="/ecs/rapid-photo-prod-backend",
        log_style="photo",
        desired=3,
        cpu=1024,
        memory=2048,
        port=8080,
        health_path="/actuator/health",
        parameters=(("DATABASE_URL", "/rapid-photo/prod/database-url"),),
    ),
    _arbor("backend", 2, 8000, "/api/v1/health"),
    _arbor("frontend", 2, 3000, "/"),
)

TABLES = {TOKYO: ("bi_datasets", "bi_audit_logs"), US: ("image_captions",)}

LAMBDA = "rapid-photo-prod-image-processor"
LAMBDA_ALIAS = "prod"
LAMBDA_RELEASES = ("v1.0.0", "v1.1.0")
"""What was published, oldest first; the alias is at the last."""
LAMBDA_ARCHIVES = (*LAMBDA_RELEASES, "v1.2.0", "v1.2.1-errors", "v1.2.2-failed")
PHOTO_ARTIFACTS = "rapid-photo-prod-artifacts-123456789012"
PHOTO_QUEUE = "rapid-photo-prod-image-queue"
PHOTO_DLQ = "rapid-photo-prod-image-dlq"
RDS_LOG_GROUP = "/aws/rds/instance/arbor-production-db/postgresql"
PHOTO_RDS_LOG_GROUP = "/aws/rds/instance/rapid-photo-prod-db/postgresql"


@dataclass(frozen=True)
class Site:
    """A static site: its versioned bucket, the distribution in front of it, and where its releases lie."""

    title: str
    bucket: str
    region: str
    distribution: str
    artifacts: str
    folder: str


@dataclass(frozen=True)
class BuildProject:
    """A CodeBuild project that makes images for a repository of its region."""

    name: str
    region: str
    image_repository: str


BUILD_PROJECTS = (BuildProject("bi-api-build", TOKYO, "bi-api"),)

WORKFLOWS = (
    Workflow("example/rapid-photo", "release.yml", 101, US, {products.IMAGE_REPOSITORY: "rapid-photo/backend"}),
    Workflow("example/rapid-photo", "test.yml", 102, US, name="Test"),
)

_BI = ("bi-artifacts-123456789012", "frontend")
SITES = (
    Site("BI", "bi-static-staging", TOKYO, "E1BISTAGING01", *_BI),
    Site("BI", "bi-static-production", TOKYO, "E1BIPRODUCT01", *_BI),
    Site("RapidPhoto", "rapid-photo-prod-web-123456789012", US, "E1RAPIDPHOTO1", PHOTO_ARTIFACTS, "web"),
)
SITE_HISTORY = ("v1.3.0", "v1.4.0")
"""Releases of every site that were shipped, the last one runs at the start."""

SITE_NEWER = ("v1.5.0", "v1.5.1")
"""Releases of every site that nobody has shipped yet."""


def service_of(system: str, name: str, environment: str = "production") -> EcsService:
    """One service by its names in the configuration. Raises KeyError for unknown ones."""
    for service in SERVICES:
        if (service.system, service.name, service.environment) == (system, name, environment):
            return service
    raise KeyError(f"{system}/{name} {environment}")
