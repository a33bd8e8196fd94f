"""A school whose every act is known, and the real program that must get none of them wrong.

``python -m tests.simulation --seeds 1..200`` plays two hundred small schools: the real loop, store,
due table and decisions; only the calendar servers and the time are made up. What happens is drawn
from the seed alone, before anything runs, so that every run of a seed is the same.
"""
