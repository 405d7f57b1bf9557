"""Every effect on the world that must not happen twice, the doors of alarms and people, and every look at logs."""

from __future__ import annotations

from collections.abc import Callable

from alerts.standing import Standing
from bot.app import Bot
from bot.aws.code_build import CodeBuild
from bot.aws.code_deploy import CodeDeploy
from bot.aws.ecs import Ecs
from bot.aws.functions import Functions
from bot.aws.log_exports import LogExports
from bot.aws.logs import Logs
from bot.aws.mail import SesMailer
from bot.aws.mutes import Mutes
from bot.aws.scaling import Scalings
from bot.aws.sites import Sites
from bot.desk import Desk
from bot.freezes import Freezes
from bot.github import GitHubBuilds
from bot.pagerduty import EventsPager
from bot.slack.chat import SlackChat

Label = Callable[..., str]

CALM_SECONDS = 60.0
"""Of the sandbox's, within which an alarm that comes back flaps in a drill."""

LABELS: tuple[tuple[type, str, Label], ...] = (
    (SlackChat, "post", lambda channel, message, *, key, **place: f"post {key}"),
    (SlackChat, "update", lambda channel, ts, message: f"update {message.text}"),
    (SlackChat, "upload", lambda channel, thread_ts, name, *given, **more: f"upload {name}"),
    (Ecs, "register", lambda *given: "register"),
    (Ecs, "update_service", lambda *given: "update_service"),
    (Ecs, "restart_service", lambda *given: "restart_service"),
    (Ecs, "stop_deployment", lambda *given: "stop_deployment"),
    (Ecs, "set_desired", lambda target, count: f"set_desired {count}"),
    (Scalings, "set_bounds", lambda target, minimum, maximum: f"set_bounds {minimum} {maximum}"),
    (Scalings, "suspend", lambda *given, **switches: "suspend"),
    (Functions, "update_code", lambda *given, **code: "update_code"),
    (Functions, "publish", lambda *given, **code: "publish"),
    (
        Functions,
        "move_alias",
        lambda target, version, weights, **more: f"move_alias {max(weights.values(), default=1):.0%}",
    ),
    (Sites, "_copy", lambda target, key, source, **how: f"copy {key}"),
    (Sites, "remove", lambda *given: "remove"),
    (Sites, "invalidate", lambda *given: "invalidate"),
    (CodeDeploy, "create", lambda *given: "create"),
    (CodeDeploy, "proceed", lambda *given: "proceed"),
    (CodeBuild, "start", lambda *given: "start_build"),
    (GitHubBuilds, "start", lambda *given: "start_build"),
    (LogExports, "begin", lambda account, name, group, **given: f"export {group}"),
    (Logs, "read", lambda account, group, *given, **more: f"look {group}"),
    (LogExports, "cancel", lambda account, task_id: "cancel_export"),
    (Mutes, "put", lambda account, name, alarms, **times: "mute"),
    (Mutes, "delete", lambda account, name: "unmute"),
    (Standing, "add", lambda silence: "silence"),
    (Standing, "end", lambda silence_id, by, **more: "unsilence"),
    (Freezes, "add", lambda hold: f"hold {hold.kind.value}"),
    (Freezes, "lift", lambda *given, **more: "lift"),
    (
        EventsPager,
        "trigger",
        lambda variable, key, call: f"page trigger {key}" + (" with findings" if call.findings else ""),
    ),
    (EventsPager, "acknowledge", lambda variable, key, at: f"page acknowledge {key}"),
    (EventsPager, "resolve", lambda variable, key, at: f"page resolve {key}"),
    (EventsPager, "change", lambda variable, summary, *given: f"page change {summary}"),
    (SesMailer, "send", lambda account, to, subject, text, *, key: f"mail {key}"),
    (Bot, "accept", lambda deliveries: "accept"),
    (Bot, "accept_event", lambda event: f"hear {event.event}"),
    (Desk, "receive", lambda slash, text, actor, **given: f"receive {slash} {text}"),
    (Desk, "press", lambda action_id, value, actor, **given: f"press {action_id}"),
    (Desk, "mentioned", lambda text, bot, actor, **given: f"mention {text}"),
)
