"""iCalendar files that Esker wrote, read by two parsers that know nothing of each other: icalendar and vobject.

Run from the root of the repository: python validation/calendars.py FOLDER
FOLDER is one that `esker group match` or `esker guide` wrote. Stores nothing; ends with 1 if anything differs.

Of every .ics file below the folder: both read it without a complaint; both find as many events, with the same names for good (UID), and the
same instants of beginning and end; and each instant is the one that Python's own zone database gives for the local time and zone written.
"""

import datetime
import pathlib
import sys
import zoneinfo

import icalendar
import vobject


def instant(value):
    """An instant in UTC, or a date, or a local time without a zone."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.timezone.utc)
    return value


def by_icalendar(text):
    calendar = icalendar.Calendar.from_ical(text)
    found = {}
    for event in calendar.walk("VEVENT"):
        assert not event.errors, event.errors
        found[str(event["UID"])] = (instant(event["DTSTART"].dt), instant(event["DTEND"].dt), str(event["SUMMARY"]))
        zone = event["DTSTART"].params.get("TZID")
        if zone:
            local = event["DTSTART"].dt.replace(tzinfo=None)
            assert local.replace(tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(datetime.timezone.utc) == found[str(event["UID"])][0], event
    return found


def by_vobject(text):
    # vobject builds zones from the VTIMEZONE in the file, not from a database.
    calendar = vobject.readOne(text)
    events = calendar.contents.get("vevent", [])
    return {e.uid.value: (instant(e.dtstart.value), instant(e.dtend.value), e.summary.value) for e in events}


def main():
    files = sorted(pathlib.Path(sys.argv[1]).rglob("*.ics"))
    wrong = events = 0
    for file in files:
        text = file.read_bytes().decode("utf-8")
        try:
            a, b = by_icalendar(text), by_vobject(text)
            assert a == b, {k: (a.get(k), b.get(k)) for k in a.keys() | b.keys() if a.get(k) != b.get(k)}
            assert all(len(line.encode()) <= 75 for line in text.split("\r\n")), "a line is too long"
            events += len(a)
        except Exception as e:  # whatever a parser says is what is looked for
            wrong += 1
            print(f"{file}: {e!r}")
    print(f"{len(files)} files, {events} events, {wrong} files differ")
    sys.exit(1 if wrong or not files else 0)


main()
