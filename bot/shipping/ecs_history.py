"""What ran in an ECS service: ECS's own records of rollouts and this bot's ledger, read as one history. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.cloud import EcsService, TaskDefinition
from bot.ports import Past
from bot.rollouts import ServiceDeployment, ServiceRevision
from bot.shipping import ecs_ledger, images, timeline
from bot.shipping.ecs_reads import revision_now, running
from bot.shipping.timeline import Candidate, Fired


@dataclass(frozen=True)
class History:
    """All that is known of what ran: ECS's records, newest first, and the ledger; ``unread`` says what is missing.

    ``near`` are answers for task definitions that were read before anybody knew which would be wanted.
    """

    service: EcsService
    records: tuple[ServiceDeployment, ...]
    past: tuple[Past, ...]
    fired: Fired | None
    unread: str
    now: float
    near: Mapping[str, Any] = field(default_factory=dict)

    @property
    def current(self) -> ServiceRevision:
        """What runs now; its images are empty where ECS does not tell."""
        arn = running(self.service)
        ran = self._ran()
        if ran and ran[-1].revision.task_definition == arn:
            return ran[-1].revision
        newest = self.records[0] if self.records else None
        return revision_now(self.service, newest) or ServiceRevision(arn, arn, 0.0)

    def candidates(self) -> tuple[Candidate, ...]:
        """What could be gone back to, the last that ran first."""
        about = ecs_ledger.known(self.past)
        ran = self._ran()
        bad = timeline.bad_ones(self.records, ran, about)
        now = timeline.fingerprint(self.current, about.copies)
        found = timeline.candidates(ran, bad, now, about, self.fired, self.now)
        seen = {running(self.service), *(each.revision.task_definition for each in ran)}
        leaving = self._leaving() if self.unread else ()
        seen |= {each.arn for each in leaving}
        every = (*found, *leaving, *ecs_ledger.candidates(self.past, seen))
        root = about.copies.get(now[0], now[0])
        return tuple(
            # ECS told no digests: a copy and what it is a copy of are taken for the same.
            replace(each, same=True)
            if not each.revision.images and about.copies.get(each.arn, each.arn) == root
            else each
            for each in every
        )

    def runs(self, candidate: Candidate, definition: TaskDefinition) -> bool:
        """Whether the very images of a candidate run now, as far as ECS or the definitions tell their digests."""
        kept = ecs_ledger.saved(self.past, running(self.service))
        now = timeline.written(self.current, images.containers(kept["definition"]) if kept else ())
        then = timeline.written(candidate.revision, definition.containers)
        one, other = (timeline.program(timeline.fingerprint(each, {})) for each in (now, then))
        return one == other

    def _leaving(self) -> tuple[Candidate, ...]:
        """What still runs beside a deployment under way, where no record tells of it."""
        others = [each for each in self.service.deployments if each.task_definition != running(self.service)]
        return tuple(
            Candidate(
                ServiceRevision(each.task_definition, each.task_definition, each.created_at),
                ran=self.now - each.created_at,
                at=self.now,
            )
            for each in others
            if each.running
        )

    def ran_here(self, arn: str, found: Sequence[Candidate]) -> bool:
        """Whether a revision was in service here; ``found`` are the candidates."""
        return any(each.arn == arn for each in found) or arn in timeline.served(self.records)

    def in_service(self, arn: str, found: Sequence[Candidate]) -> Candidate | None:
        """A revision that was in service and is no candidate of its own, as a restart's copy of one is not; or None."""
        revision = timeline.served(self.records).get(arn)
        if revision is None:
            return None
        copies = ecs_ledger.known(self.past).copies
        mark = timeline.fingerprint(revision, copies)
        twin = next((each for each in found if timeline.fingerprint(each.revision, copies) == mark), None)
        return replace(twin, revision=revision) if twin else Candidate(revision, 0.0, 0.0)

    def _ran(self) -> tuple[timeline.Ran, ...]:
        return timeline.timeline(self.records, ecs_ledger.known(self.past).copies)
