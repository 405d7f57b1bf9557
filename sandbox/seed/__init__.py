"""What stands in the pretend AWS account at the start: the five runbooks' systems, with a past.

Everything is made by boto3 over HTTP, as any script could; time passes by moving the sandbox's clock.
"""

from sandbox.seed.account import ACCOUNT, DLQ, QUEUE, TOPIC, Messaging
from sandbox.seed.plant import Planted, plant

__all__ = ["ACCOUNT", "DLQ", "QUEUE", "TOPIC", "Messaging", "Planted", "plant"]
