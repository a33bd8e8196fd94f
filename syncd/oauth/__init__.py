"""How a person, or the administrator of a school's domain, lets syncd into Google calendars.

``consent`` asks a person in the browser and turns the answer into a grant, ``loopback`` hears
that answer on this computer, ``files`` reads what Google's console gives to IT, ``shelf`` is
where the grant of a connected account lies, and ``connecting`` does the rest.
"""

from __future__ import annotations
