"""What people do in modals and home tabs."""

from __future__ import annotations

from typing import Any

from sandbox.slack.blocks import check_view
from sandbox.slack.delivery import Delivery
from sandbox.slack.errors import DeliveryError, SlackError
from sandbox.slack.interactions import Interactions
from sandbox.slack.people import People, interaction
from sandbox.slack.state import find, missing, state_of
from sandbox.slack.views import View, Views


class Modals:
    """Submitting and closing modals, and pressing buttons in them and in home tabs."""

    def __init__(self, people: People, views: Views, interactions: Interactions, delivery: Delivery) -> None:
        self._people = people
        self._views = views
        self._interactions = interactions
        self._delivery = delivery

    async def act(self, user: str, view_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """``body`` has action (submit, close, block_action), values, action_id, block_id, value.

        Returns response_action and errors of the app's answer. Raises SlackError, DeliveryError.
        """
        view = self._views.of(user, view_id)
        action = body.get("action") or "submit"
        if view["type"] == "home" and action != "block_action":
            raise SlackError("invalid_action")
        if action == "close":
            await self._close(user, view)
            return {"response_action": None}
        given = body.get("values")
        values: dict[str, Any] = given if isinstance(given, dict) else {}
        if action == "block_action":
            await self._press(user, view, values, body)
            return {"response_action": None}
        state = state_of(view["blocks"], values)
        if action != "submit":
            raise SlackError("invalid_action")
        return await self._submit(user, view, state)

    async def _submit(self, user: str, view: View, state: dict[str, Any]) -> dict[str, Any]:
        wrong = missing(view["blocks"], state)
        if wrong:
            raise SlackError("missing_values", errors=wrong)
        payload = self._payload("view_submission", user, view) | {"response_urls": []}
        payload["view"] = view | {"state": state}
        answer = await self._delivery.deliver("interactive", payload)
        answer = answer if isinstance(answer, dict) else {}
        try:
            return self._obey(user, view, answer)
        except SlackError as error:
            raise DeliveryError("invalid_response_action", error.word) from error

    def _obey(self, user: str, view: View, answer: dict[str, Any]) -> dict[str, Any]:
        action = answer.get("response_action")
        if action == "errors":
            errors = answer.get("errors")
            known = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if not isinstance(errors, dict) or not errors or not known.issuperset(errors):
                raise SlackError("invalid_arguments")
            return {"response_action": "errors", "errors": errors}
        if action in ("update", "push"):
            check_view(answer.get("view"))
            if action == "push":
                self._views.push(user, answer["view"])
            else:
                self._views.replace(user, view, answer["view"])
        elif action in (None, "clear"):
            self._views.close(user, view if action is None else None)
        else:
            raise SlackError("invalid_arguments")
        return {"response_action": action}

    async def _close(self, user: str, view: View) -> None:
        self._views.close(user, None if view["clear_on_close"] else view)
        if view["notify_on_close"]:
            payload = self._payload("view_closed", user, view) | {"is_cleared": view["clear_on_close"]}
            await self._delivery.deliver("interactive", payload)

    async def _press(self, user: str, view: View, values: dict[str, Any], body: dict[str, Any]) -> None:
        block, element = find(view["blocks"], str(body.get("action_id")), body.get("block_id"))
        if block["type"] == "input" and not block.get("dispatch_action"):
            raise SlackError("action_not_found")
        mine = {element["action_id"]: body.get("value")}
        held = values.get(block["block_id"])
        values = values | {block["block_id"]: (held if isinstance(held, dict) else {}) | mine}
        payload = self._payload("block_actions", user, view)
        payload["view"] = view | {"state": state_of(view["blocks"], values)}
        payload |= {
            "container": {"type": "view", "view_id": view["id"]},
            "actions": [self._people.pressed(block, element, body.get("value"))],
        }
        await self._delivery.deliver("interactive", payload)

    def _payload(self, kind: str, user: str, view: View) -> dict[str, Any]:
        trigger_id = self._interactions.trigger(user, view["id"])
        return interaction(kind, self._people.user(user), trigger_id) | {"view": dict(view)}
