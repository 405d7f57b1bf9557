"""The signals of services: which metrics tell how one is doing, by kind, and how they are read and drawn."""
