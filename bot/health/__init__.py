"""How services do, at a glance: one file for each kind of look.

A look is a module with two functions. ``reads`` names what is to be asked, so that all looks ask at once; ``verdicts``
is pure: it makes of the answers what is to be said of one service.
"""
