"""What shipping means for each kind of service: one set of modules a kind, and what they share."""
