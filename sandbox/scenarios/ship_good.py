"""A good version is deployed and settles."""

from __future__ import annotations

from sandbox.scenarios.shipping import SETTLED, expect, ship
from sandbox.scenarios.stage import STAR, Scenario, Stage
from sandbox.seed.catalogue import NEWER_GOOD


def next_good(stage: Stage) -> str:
    """A good version that does not run now, so that the story can be played again and again."""
    ecs, ecr = stage.aws("ecs", STAR.region), stage.aws("ecr", STAR.region)
    service = ecs.describe_services(cluster=STAR.cluster, services=[STAR.service])["services"][0]
    running = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    image = running["containerDefinitions"][0]["image"].rpartition("/")[2]
    _, by_digest, digest = image.partition("@")
    wanted = {"imageDigest": digest} if by_digest else {"imageTag": image.partition(":")[2]}
    found = ecr.describe_images(repositoryName=STAR.repository, imageIds=[wanted])["imageDetails"]
    tags = found[0]["imageTags"]
    good = [tag for tag in NEWER_GOOD if tag not in tags]
    return next((tag for tag in good if tag > max(tags)), good[0])


def play(stage: Stage) -> None:
    """Deploy it. Raises StoryError when it does not settle."""
    expect(ship(stage, next_good(stage)), SETTLED, "a good version")


SCENARIO = Scenario(
    "ship-good", "Alice deploys a good version and Bob agrees; it settles and its health address answers.", play
)
