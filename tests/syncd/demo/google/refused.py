from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from googleapiclient.errors import HttpError


@contextmanager
def refused(status: int, reason: str) -> Iterator[None]:
    """Expect an answer of Google's with this status and reason."""
    with pytest.raises(HttpError) as caught:
        yield
    said = json.loads(caught.value.content)["error"]
    assert (caught.value.resp.status, said["errors"][0]["reason"]) == (status, reason)
