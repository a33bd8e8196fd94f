"""The daemon: it looks, writes down what it saw, asks policy what that means, and acts."""

from __future__ import annotations
