"""A browser without a window, as ``$BROWSER`` names it: it clicks through Google's page and goes where it is sent.

``python browser.py WISH ADDRESS``: the wish is ``allow``, ``deny``, ``without=SCOPE``, ``other-state`` or ``nothing``.
"""

from __future__ import annotations

import sys
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

from tests.syncd.google.ground import SOON, click


def main(wish: str, address: str) -> None:
    if wish == "nothing":
        return
    scope = wish.removeprefix("without=")
    back = click(address, deny=wish == "deny", without=() if scope == wish else (scope,))
    if wish == "other-state":
        fields = dict(parse_qsl(urlsplit(back).query)) | {"state": "of-somebody-else"}
        back = back.partition("?")[0] + "?" + urlencode(fields)
    requests.get(back, timeout=SOON)


if __name__ == "__main__":
    main(*sys.argv[1:])
