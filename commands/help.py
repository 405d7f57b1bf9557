"""``/ops help``: what can be typed, derived from the argument models; hides what the asker may not run."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from bot import arguments
from bot.command import Command, Plan
from bot.domain import Person
from bot.errors import NotFoundError
from bot.ports import World
from bot.views import blocks as b


class HelpArgs(BaseModel):
    """What ``/ops help`` takes."""

    model_config = ConfigDict(frozen=True)

    command: str = Field(default="", description="A command to explain; all of them when left out.")


def plan(args: HelpArgs, world: World, person: Person) -> Plan:
    """The list of commands, or one command in full."""
    runnable = {
        name: command for name, command in sorted(world.commands.items()) if world.may(person, command.action, None)
    }
    if args.command:
        return _one(args.command, runnable, world)
    lines = [f"{b.code(_usage(command, world))}\n{b.esc(command.summary)}" for command in runnable.values()]
    example = b.code(f"/{world.slash['ops']} help deploy")
    more = f"{example} explains one of them." if "deploy" in runnable else ""
    shown = (b.header("What you can type"), b.section("\n".join(lines)), b.context(more or "Ask an admin for more."))
    return Plan(title="What you can type", answer_text="What you can type", answer=shown)


def _one(word: str, runnable: dict[str, Command], world: World) -> Plan:
    by_slash = {registered: name for name, registered in world.slash.items()}
    name = by_slash.get(word.lower().lstrip("/"), word.lower().lstrip("/"))
    if name not in runnable:
        near = arguments.nearest(name, runnable)
        raise NotFoundError(
            f"There is no command “{word}” that you may run.{near}", hint=f"I know: {', '.join(runnable)}."
        )
    command = runnable[name]
    arguments_ = [f"{b.code(field)} {b.esc(text)}" for field, text in arguments.explain(command)]
    examples = [b.code(f"/{_registered(command, world)} {example}".strip()) for example in command.examples]
    shown = [b.header(f"/{_registered(command, world)}"), b.section(b.esc(command.summary))]
    shown.append(b.section(f"*Usage*\n{b.code(_usage(command, world))}"))
    if arguments_:
        shown.append(b.section("*Arguments*\n" + "\n".join(arguments_)))
    if examples:
        shown.append(b.section("*Examples*\n" + "\n".join(examples)))
    return Plan(title=f"Help for {name}", answer_text=_usage(command, world), answer=tuple(shown))


def _registered(command: Command, world: World) -> str:
    return world.slash.get(command.name) or f"{world.slash['ops']} {command.name}"


def _usage(command: Command, world: World) -> str:
    return arguments.usage(command, _registered(command, world))


help_ = Command(
    name="help",
    summary="Explain what can be typed",
    action="read",
    args=HelpArgs,
    plan=plan,
    examples=("", "deploy"),
)
