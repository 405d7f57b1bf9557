"""How fast a slash command is acknowledged: this bot's ``serve`` beside a bare Bolt application."""
