"""Channels over which Google calls us: opened, renewed by a new one, and stopped.

There is no renewal at Google: a new channel is opened before the old one ends, so for a
moment both call, which is harmless.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from providers.base import CalendarId
from providers.errors import AccessLost, Loss, ProviderError, Unavailable, Unsupported
from providers.google.answer import Answer, text
from providers.google.api import Api
from providers.google.reasons import Meaning, meaning, refusal
from providers.push import Channel, Hook

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENDED = frozenset({Meaning.ABSENT, Meaning.DELETED})


def watch(api: Api, calendar: CalendarId, channel: str, hook: Hook) -> Channel:
    """Return a new channel for *calendar*.

    :raises AccessLost: if the calendar is not there, or refused.
    :raises Unsupported: if Google does not take the id or the hook, or watches no such calendar.
    """
    request = api.on.events.watch(calendarId=calendar, body=_body(channel, hook))
    answer = api.write(request)
    if not answer.fine:
        raise _refused(answer)
    said = answer.object()
    resource = text(said.get("resourceId"))
    if said.get("id") != channel or resource is None:
        raise Unavailable("the answer does not name the channel", where=api.where, status=answer.status)
    return Channel(channel, resource, _until(said.get("expiration")))


def renew(api: Api, calendar: CalendarId, old: Channel, channel: str, hook: Hook) -> Channel:
    """Return a new channel in the place of *old*.

    :raises AccessLost: if the calendar is not there, or refused.
    :raises Unsupported: if Google does not take the id or the hook, or watches no such calendar.
    """
    opened = watch(api, calendar, channel, hook)
    with suppress(ProviderError):  # the new one is open, and the old one ends by itself
        stop(api, old)
    return opened


def stop(api: Api, channel: Channel) -> None:
    """End *channel*; one that has ended is left alone."""
    answer = api.write(api.on.channels.stop(body={"id": channel.id, "resourceId": channel.resource}))
    if not answer.fine and meaning(answer) not in _ENDED:
        raise refusal(answer, write=True)


def _refused(answer: Answer) -> ProviderError:
    found = meaning(answer)
    if found is Meaning.ABSENT:
        words = "the calendar is not there any more, or not shared with this account"
        return AccessLost(words, loss=Loss.GONE, where=answer.where, status=answer.status)
    if found is Meaning.WRONG:
        words = "Google does not take this channel: its id, or the address to call"
        return Unsupported(words, where=answer.where, status=answer.status)
    return refusal(answer, write=True)


def _body(channel: str, hook: Hook) -> dict[str, Any]:
    life = {"ttl": str(int(hook.life.total_seconds()))}
    return {"id": channel, "type": "web_hook", "address": hook.address, "token": hook.secret, "params": life}


def _until(said: object) -> datetime | None:
    """Return the end of a channel, which Google counts in milliseconds since 1970, as text."""
    if not isinstance(said, str) or not said.isascii() or not said.isdigit():
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(said[:18]))
    except OverflowError:
        return None
