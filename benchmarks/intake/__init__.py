"""How many alarms a second come in, each on disk before it is answered: this bot's ``serve`` beside a bare floor."""
