"""What a visitor of the open demo reads."""

from __future__ import annotations

from collections.abc import Iterator

from syncd.demo.open_day import OpenDay
from syncd.demo.school import ZONE


def guide(school: OpenDay) -> Iterator[str]:
    """Yield the guide line by line; commands stand on lines of their own, ready to be pasted."""
    yield f"A calendar server with five people is running at {school.url}"
    yield "It works with any calendar app, and with the commands below."
    yield ""
    yield "People"
    for member in school.people:
        yield f"  {member.name}, {member.role}: user {member.user}, password {member.password}"
        yield from (f"    {address}  {title}" for title, address in member.calendars.items())
    yield ""
    yield f"Sessions (times in {ZONE.key})"
    names = {member.email: member.name for member in school.people}
    for one in school.sessions:
        start, deadline = one.start.astimezone(ZONE), one.deadline.astimezone(ZONE)
        yield f"  {one.id}  {names[one.student]} with {names[one.mentor]}"
        yield f"    starts {start:%a %d %b %H:%M}, free to cancel until {deadline:%a %d %b %H:%M}"
    yield ""
    yield "Rules"
    yield f"  {school.config}"
    yield "    They are short, so that you need not wait: notice is 2 minutes and not 24 hours,"
    yield "    a deletion can be undone for 10 seconds and not for half an hour."
    yield ""
    yield "Try this in another terminal"
    for each in school.commands:
        yield f"  {each.what}:"
        yield f"    {each.command}"
    yield ""
    yield "All of this runs until you press Ctrl-C here."
