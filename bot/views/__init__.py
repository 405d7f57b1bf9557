"""Block Kit: pure functions, value in, message out. Slack's limits live in ``bot.views.blocks`` only."""
