"""Builds go to whom the configuration names."""

from __future__ import annotations

from bot import shipping_ports
from bot.builds import EitherBuilds
from bot.domain import Build
from tests.fake_shipping import FakeBuilds
from tests.fakes import NOON
from tests.scene import Scene

CODEBUILD = Build(codebuild="api-build")
GITHUB = Build(github="example/api", workflow="release.yml")


def test_each_build_is_asked_of_whoever_has_it(scene: Scene) -> None:
    aws, github = FakeBuilds(), FakeBuilds()
    builds: shipping_ports.Builds = EitherBuilds(aws, github)
    builds.start(scene.api, CODEBUILD, "v1", "op1")
    name = builds.start(scene.api, GITHUB, "v2", "op2")
    assert (list(aws.keys), list(github.keys)) == (["op1"], ["op2"])
    assert builds.find(scene.api, GITHUB, "v2", "op2", since=NOON) == name
    assert builds.find(scene.api, CODEBUILD, "v2", "op2", since=NOON) is None
    assert builds.status(scene.api, GITHUB, name).detail == "building v2"
    assert builds.status(scene.api, CODEBUILD, name).detail == "building v1"
