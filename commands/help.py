"""``/ops help``: what can be typed, derived from the argument models; hides what the asker may not run."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from bot import arguments
from bot.command import Command, Plan
from bot.domain import Person, Target
from bot.errors import NotFoundError
from bot.examples import examples, likely, sample
from bot.live_alarms import is_here
from bot.ports import World
from bot.views import blocks as b
from bot.views.home import OPENS_FORM


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
        return _one(args.command, runnable, world, person)
    order = _order(world, person)
    lines = [_line(command, world, _examples(command, order, world, person)) for command in runnable.values()]
    example = b.code(f"/{world.slash['ops']} help deploy")
    more = f"{example} explains one of them." if "deploy" in runnable else ""
    shown = [b.header("What you can type"), *b.sections(lines), b.context(more or "Ask an admin for more.")]
    forms = [(f"{name.capitalize()} …", name) for name, command in runnable.items() if arguments.has_form(command)]
    if forms:
        shown.insert(1, b.actions("help", b.menu(f"{OPENS_FORM}menu", "Fill in a form instead", forms)))
    return Plan(title="What you can type", answer_text="What you can type", answer=tuple(shown))


def _order(world: World, person: Person) -> list[Target]:
    """Services in the order in which the asker may mean them."""
    return likely(
        world.catalog, world.recent.lately(person.user), lambda target: is_here(target, person.channel, world)
    )


def _examples(command: Command, order: Sequence[Target], world: World, person: Person) -> list[str]:
    """Whole lines that the asker could type as they stand."""
    theirs = (target for target in order if world.may(person, command.action, target))
    words = examples(command, sample(command, theirs), world.catalog)
    return [f"/{_registered(command, world)} {each}".strip() for each in words]


def _line(command: Command, world: World, lines: Sequence[str]) -> str:
    example = next((line for line in lines if " " in line), "")
    return f"{b.code(_usage(command, world))}\n{b.esc(command.summary)}" + (
        f", as {b.code(example)}" if example else ""
    )


def _one(word: str, runnable: dict[str, Command], world: World, person: Person) -> Plan:
    by_slash = {registered: name for name, registered in world.slash.items()}
    name = by_slash.get(word.lower().lstrip("/"), word.lower().lstrip("/"))
    if name not in runnable:
        near = arguments.nearest(name, runnable)
        raise NotFoundError(
            f"There is no command “{word}” that you may run.{near}", hint=f"I know: {', '.join(runnable)}."
        )
    command = runnable[name]
    arguments_ = [f"{b.code(field)} {b.with_code(text)}" for field, text in arguments.explain(command)]
    shown = [b.header(f"/{_registered(command, world)}"), b.section(b.esc(command.summary))]
    shown.append(b.section(f"*Usage*\n{b.code(_usage(command, world))}"))
    if arguments_:
        shown.append(b.section("*Arguments*\n" + "\n".join(arguments_)))
    lines = _examples(command, _order(world, person), world, person)
    if lines:
        shown.append(b.section("*Examples*\n" + "\n".join(map(b.code, lines))))
    if arguments.has_form(command):
        shown.append(b.actions("help", b.button("Fill in a form", f"{OPENS_FORM}{name}", name)))
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
