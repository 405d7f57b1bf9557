"""PagerDuty's app, as the page shows it: GET and POST /client/pagerduty."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from sandbox.pagerduty import PagerDuty
from sandbox.pagerduty_incidents import NotPossibleError
from sandbox.slack.client_answers import Body, got, posted, text
from sandbox.slack.errors import SlackError


def pagerduty_routes(pagerduty: PagerDuty) -> list[BaseRoute]:
    """GET shows everything; POST {user, incident, action, to?, note?} is what a person does to an incident.

    The action "enable" ends a disablement of the webhooks.
    """

    async def act(body: Body) -> Body:
        action, to = text(body, "action"), body.get("to") or []
        if action == "enable":
            pagerduty.webhooks.enable()
            return {}
        heirs = [str(one) for one in to] if isinstance(to, list) else [str(to)]
        try:
            pagerduty.act(text(body, "user"), text(body, "incident"), action, to=heirs, note=text(body, "note"))
        except NotPossibleError as error:
            raise SlackError("not_possible", detail=str(error)) from error
        return {}

    return [
        Route("/client/pagerduty", got(lambda query: pagerduty.snapshot()), methods=["GET"]),
        Route("/client/pagerduty", posted(act), methods=["POST"]),
    ]
