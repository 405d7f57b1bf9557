"""Makes everything, in the order in which it depends on one another, and brings the clock to the present."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.seed.account import Account, Messaging, in_parallel, make_messaging
from sandbox.seed.alarms import make_alarms
from sandbox.seed.catalogue import REGIONS, US
from sandbox.seed.dashboards import make_dashboards
from sandbox.seed.events import listen_to_events
from sandbox.seed.export_buckets import ARBOR_EXPORTS, make_export_bucket
from sandbox.seed.extras import build_projects, build_tables
from sandbox.seed.fleet import DAY, PAST_DAYS, Front, build_network, deploy_history, push_images
from sandbox.seed.lab import build_lab
from sandbox.seed.lab_logs import write_lab_logs
from sandbox.seed.logs import write_logs
from sandbox.seed.metrics import put_quiet_hours
from sandbox.seed.needs import make_needs
from sandbox.seed.processing import build_processing, release_processing
from sandbox.seed.scaling import make_scaling
from sandbox.seed.sites import build_sites, publish_newer
from sandbox.seed.surroundings import make_surroundings

Report = Callable[[str], None]


@dataclass(frozen=True)
class Planted:
    """What was made that others must know: by region, where alarms arrive and which load balancers there are."""

    messaging: tuple[Messaging, ...]
    fronts: Mapping[str, Mapping[str, Front]]

    def topic_of(self, region: str) -> str:
        """The ARN of the topic that a region's alarms tell."""
        return next(one.topic_arn for one in self.messaging if one.region == region)


def past_clock() -> Clock:
    """A frozen clock that stands where the account's history begins."""
    return Clock(start=time.time() - PAST_DAYS * DAY, speed=0)


def plant(account: Account, clock: Clock, report: Report = lambda step: None) -> Planted:
    """Fill the empty account. The clock must stand still in the past; it ends at the present, still frozen.

    ``report`` is told each step's name as it begins.
    """
    # Nobody here starts a machine, and loading moto's hundreds of machine images takes half a second.
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    report("images and load balancers")
    in_parallel(lambda region: push_images(account, region, unreleased=False), REGIONS)
    made = in_parallel(lambda region: build_network(account, region), REGIONS)
    networks = dict(zip(REGIONS, made, strict=True))
    fronts = {region: network.fronts for region, network in networks.items()}
    report("sites")
    build_sites(account, clock)
    report("three weeks of deployments")
    build_processing(account)
    deploy_history(account, clock, networks, make_needs(account))
    release_processing(account, clock)
    publish_newer(account, clock)
    build_lab(account, clock, networks[US])
    in_parallel(lambda region: push_images(account, region, unreleased=True), REGIONS)
    clock.advance(max(0.0, time.time() - clock.now()))
    report("builds and tables")
    in_parallel(lambda build: build(account), (build_projects, build_tables))
    report("logs and metrics")
    write_logs(account, clock.now())
    write_lab_logs(account, clock.now())
    make_export_bucket(account, ARBOR_EXPORTS)
    put_quiet_hours(clock.now(), fronts)
    make_dashboards(account)
    report("what stands around them")
    make_surroundings(account, clock.now())
    report("alarms")
    messaging = tuple(in_parallel(lambda region: make_messaging(account, region), REGIONS))
    for one in messaging:
        listen_to_events(account, one.region)
    make_alarms(account, {one.region: one.topic_arn for one in messaging}, fronts)
    make_scaling(account)
    return Planted(messaging, fronts)
