"""``bot.ports.Ecs`` over ECS, ECR and Elastic Load Balancing."""

from __future__ import annotations

from bot.aws.ecr import Images
from bot.aws.ecs_changes import Changes
from bot.aws.ecs_rollouts import Rollouts
from bot.aws.ecs_services import Services
from bot.aws.ecs_tasks import Tasks
from bot.aws.elb import TargetGroups
from bot.aws.task_definitions import TaskDefinitions


class Ecs(Services, Changes, TaskDefinitions, Rollouts, Tasks, Images, TargetGroups):
    """Each part fills its share of the port; they share the clients and the threads."""
