"""What shipping means for ECS services."""

from __future__ import annotations

from bot.command import Strategy
from bot.shipping import ecs_code_deploy as code_deploy
from bot.shipping import ecs_hooks as hooks
from bot.shipping import ecs_stop
from bot.shipping.ecs_answering import still, still_back
from bot.shipping.ecs_deploy import plan as plan_deploy
from bot.shipping.ecs_effects import effects
from bot.shipping.ecs_rollback import plan as plan_rollback
from bot.shipping.ecs_versions import earlier, versions
from bot.shipping.ecs_watch import watch
from bot.shipping.kind import Kind

ECS = Kind(
    deploy=plan_deploy,
    rollback=plan_rollback,
    strategies={
        "ecs": Strategy(
            effects=effects,
            watch=watch,
            answers={hooks.CONTINUE: hooks.go_on, hooks.BACK: hooks.go_back},
            still=still,
        ),
        "ecs_stop": Strategy(effects=lambda plan: (ecs_stop.STOP,), watch=ecs_stop.watch, still=still),
        "code_deploy": Strategy(
            effects=code_deploy.effects,
            watch=code_deploy.watch,
            answers={code_deploy.PROCEED: code_deploy.proceed, code_deploy.STOP_IT: code_deploy.stop},
            still=still,
        ),
        "code_stop": Strategy(effects=lambda plan: (code_deploy.STOP,), watch=code_deploy.watch_stop, still=still_back),
    },
    versions=versions,
    earlier=earlier,
)
