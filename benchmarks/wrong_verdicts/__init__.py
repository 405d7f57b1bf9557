"""Whether a tool knows how a deployment ended, over ten ways in which one can go."""
