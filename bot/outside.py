"""The doors to the outside world, made once: AWS, Slack, PagerDuty, builds, and a team's own addresses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slack_sdk import WebClient

from bot.aws.balancers import Balancers
from bot.aws.code_build import CodeBuild
from bot.aws.code_deploy import CodeDeploy
from bot.aws.ecs import Ecs
from bot.aws.functions import Functions
from bot.aws.image_bucket import ImageBucket
from bot.aws.insights import Insights
from bot.aws.log_exports import LogExports
from bot.aws.logs import Logs
from bot.aws.mail import SesMailer
from bot.aws.metrics import Metrics
from bot.aws.mutes import Mutes
from bot.aws.needs import Needs
from bot.aws.network import Network
from bot.aws.queues import Queues
from bot.aws.roles import Roles
from bot.aws.scaling import Scalings
from bot.aws.secrets import Secrets
from bot.aws.session import Sessions
from bot.aws.sites import Sites
from bot.aws.traces import Traces
from bot.aws.trail import Trail
from bot.builds import EitherBuilds
from bot.cache import RedisCaches
from bot.certificates import TlsCertificates
from bot.database import PostgresDatabases
from bot.domain import Account
from bot.github import GitHubBuilds
from bot.names import DnsNames
from bot.pagerduty import EventsPager
from bot.parallel import Parallel
from bot.ports import Clock, World
from bot.settings.environment import EnvironmentVariables, routing_key
from bot.slack.chat import SlackChat
from bot.slack.transport import PooledWebClient
from bot.web import HttpWeb


@dataclass(frozen=True)
class Outside:
    """Every adapter that others than the world need too, and how the world is made of them."""

    sessions: Sessions
    parallel: Parallel
    client: WebClient
    chat: SlackChat
    web: HttpWeb
    pager: EventsPager
    github: GitHubBuilds
    databases: PostgresDatabases
    caches: RedisCaches
    certificates: TlsCertificates
    mailer: SesMailer
    images_bucket: str

    def pictures(self, account: Account) -> ImageBucket:
        """Where pictures lie that PagerDuty shows; the account's region is the bucket's."""
        return ImageBucket(self.sessions, account, self.images_bucket)

    def world(self, *, clock: Clock, **inside: Any) -> World:
        """The bundle of all ports; ``inside`` are those that the bot fills itself."""
        return World(
            clock=clock,
            chat=self.chat,
            ecs=Ecs(self.sessions),
            code_deploy=CodeDeploy(self.sessions),
            scaling=Scalings(self.sessions),
            functions=Functions(self.sessions),
            sites=Sites(self.sessions),
            builds=EitherBuilds(CodeBuild(self.sessions), self.github),
            needs=Needs(self.sessions),
            logs=Logs(self.sessions, clock),
            metrics=Metrics(self.sessions),
            web=self.web,
            pager=self.pager,
            gather=self.parallel,
            databases=self.databases,
            caches=self.caches,
            names=DnsNames(),
            certificates=self.certificates,
            network=Network(self.sessions),
            roles=Roles(self.sessions),
            insights=Insights(self.sessions, clock),
            log_exports=LogExports(self.sessions),
            queues=Queues(self.sessions),
            traces=Traces(self.sessions, clock),
            trail=Trail(self.sessions, clock),
            balancers=Balancers(self.sessions),
            mutes=Mutes(self.sessions),
            **inside,
        )


def reach(environment: EnvironmentVariables, clock: Clock) -> Outside:
    """Make the adapters; nothing is asked of anybody yet."""
    proxy, ca_file = environment.bot_http_proxy, environment.bot_ca_file
    client = PooledWebClient(
        token=environment.slack_bot_token.get_secret_value(), base_url=environment.slack_api_url, timeout=10
    )
    pager = EventsPager(
        lambda variable: routing_key(variable).get_secret_value() or None,
        events_url=environment.pagerduty_events_url,
        proxy=proxy,
        ca_file=ca_file,
    )
    github = GitHubBuilds(
        *(environment.github_token.get_secret_value(), clock),
        api_url=environment.github_api_url,
        proxy=proxy,
        ca_file=ca_file,
    )
    sessions = Sessions()
    credentials = Secrets(sessions).credentials
    authorities = Path(ca_file) if ca_file else None
    return Outside(
        sessions=sessions,
        parallel=Parallel(),
        client=client,
        chat=SlackChat(client, clock),
        web=HttpWeb(proxy or None, authorities, environment.bot_vpc_proxy or None),
        pager=pager,
        github=github,
        mailer=SesMailer(sessions, environment.bot_mail_from),
        images_bucket=environment.bot_images_bucket,
        databases=PostgresDatabases(credentials, authorities),
        caches=RedisCaches(credentials, authorities),
        certificates=TlsCertificates(proxy or None, authorities),
    )
