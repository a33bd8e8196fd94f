"""The daemon as a real process: killed, stopped, slowed down and tired, with an oracle beside it.

Each module runs by hand: ``python -m tests.endurance.kills``, ``pause``, ``drip``, ``day``.
"""
