"""What can be done with an answer: share it, have the whole of it as a file, ask again or something close to it."""

from __future__ import annotations

from bot.domain import Actor
from bot.engine import Engine
from bot.errors import BotError
from bot.files import KIND as FILE
from bot.files import OWED, SHARED
from bot.flow import UMBRELLA, Flow
from bot.operation import KIND, Operation
from bot.pictures import owed_file
from bot.ports import Message
from bot.posts import KIND as POST
from bot.posts import post
from bot.rows import Row, Store
from bot.views import answer as view
from bot.views.operation import sentence

GONE = sentence("I no longer have this answer.", "Ask again.")
COMING = sentence("The whole is being made: it comes into your conversation with me as soon as Slack has it.")
SHARED_BEFORE = sentence("This answer was shared already.", "Again asks anew, and the new answer can be shared.")
SENT = sentence("The whole is in your conversation with me.")


class Answers:
    """Hands what is pressed under an answer on; nothing here waits for Slack or AWS."""

    def __init__(self, engine: Engine, store: Store, flow: Flow) -> None:
        self._engine = engine
        self._store = store
        self._flow = flow

    def press(self, action_id: str, value: str, actor: Actor, *, key: str, response_url: str = "") -> Message | None:
        """A button of an answer was pressed; a message about what was done where nothing else shows it."""
        if action_id.startswith(view.ASK):
            return self._flow.receive(UMBRELLA, value, actor, response_url=response_url, key=key)
        row = self._store.get(value)
        operation = Operation.model_validate(row.body) if row is not None and row.kind == KIND else None
        if row is None or operation is None or operation.plan is None or operation.actor.user != actor.user:
            return GONE
        if action_id == view.SHARE:
            return self._share(row, operation)
        if action_id == view.WHOLE:
            return self._whole(row, operation, actor, key)
        if action_id == view.AGAIN:
            return self._again(operation, actor, key=key, response_url=response_url)
        return sentence("This button is of another version of the bot.", "Ask again.")

    def _share(self, row: Row, operation: Operation) -> Message | None:
        """Where it was asked, for everybody; what goes with it follows in the thread."""
        plan, actor, shared = operation.plan, operation.actor, f"op:{row.id}:shared"
        if plan is None:
            return GONE
        if self._store.by_key(POST, shared) is not None:
            return SHARED_BEFORE
        message = view.shared(plan, actor.user)
        owed = post(shared, actor.channel, message, thread_ts=actor.thread_ts, quiet=True)
        self._engine.add(owed, safe=False)
        for mark, each in (("picture", plan.picture), ("whole", plan.file_for_others or plan.attachment)):
            if each is not None:
                new = owed_file(f"op:{row.id}:{mark}:shared", actor.channel, each, thread_key=shared, asker=actor)
                self._engine.add(new, safe=False)
        return None

    def _whole(self, row: Row, operation: Operation, actor: Actor, key: str) -> Message:
        if operation.plan is None or operation.plan.attachment is None:
            return GONE
        name = f"op:{row.id}:whole"
        known = self._store.by_key(FILE, name)
        if known is not None and known.state == SHARED:
            return SENT
        if known is not None and known.state != OWED:
            name = f"{name}:{key}"
        new = owed_file(name, operation.actor.user, operation.plan.attachment, asker=actor)
        self._engine.add(new, safe=False)
        return COMING

    def _again(self, operation: Operation, actor: Actor, *, key: str, response_url: str) -> Message | None:
        command = self._flow.command(operation.command)
        asked = operation.actor
        # What was followed stands in another conversation than the thread in which it was asked.
        thread_ts = asked.thread_ts if asked.channel == actor.channel else actor.thread_ts
        asker = actor.model_copy(update={"about": asked.about, "thread_ts": thread_ts})
        try:
            given = {name: str(value) for name, value in operation.args.items()}
            self._flow.submit(command, given, asker, response_url=response_url, key=key)
        except BotError as error:
            return sentence(error.message, error.hint)
        return None
