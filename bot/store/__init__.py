"""Where rows live: one small contract, one adapter per database."""
