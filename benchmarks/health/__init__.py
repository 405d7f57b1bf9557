"""How long /health takes when every call takes its time."""
