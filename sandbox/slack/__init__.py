"""A pretend Slack: the Web API, Socket Mode, request URLs, and what people do in the client."""
