"""How long after ECS a tool knows how a deployment ended."""
