"""Groups of the same simulated applicants by Esker and by the flow matcher of Neuromatch Academy 2020: quality and time.

Run from the root of the repository: python benches/groups/run.py NEUROMATCH [ESKER [EXAMPLE]]
NEUROMATCH is a clone of https://github.com/XaqLab/neuromatch-academy-matching (it states no licence: it is run here, never copied), ESKER the
command, EXAMPLE the program `applicants` (cargo build --release -p esker-teach --example applicants). Needs numpy, scipy, pandas, scikit-learn,
nltk and unidecode, which that code imports.

That matcher gives mentors to pods, by a flow of least cost from pods over half hours of mentors; the pods themselves came from the clocks
people chose. So here: everybody at level 3 or above or who may guide is a mentor, the others are cut into pods of five by the nine spans of
its own table in which they are free longest, their first topic, and English or another language; then its flow gives each pod a mentor who is
free in its span, a common topic worth more. Both results are judged by one checker, written here with Python's zone database.
"""

import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import zoneinfo
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone

import numpy as np

np.float, np.int, np.object = float, int, object  # names that numpy had in 2020
CLONE = pathlib.Path(sys.argv[1])
ESKER = sys.argv[2] if len(sys.argv) > 2 else "target/release/esker"
EXAMPLE = sys.argv[3] if len(sys.argv) > 3 else "target/release/examples/applicants"
START, WEEKS, NEED = date(2026, 10, 5), 26, 8  # the template's call; eight quarters of an hour
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def applicants(n, seed):
    text = subprocess.run([EXAMPLE, str(n), str(seed)], check=True, capture_output=True, text=True).stdout
    people = {}
    for row in csv.DictReader(io.StringIO(text)):
        spans = []
        for part in row["hours"].split("; "):
            day, stretch = part.split(" ")
            a, b = (int(h) * 60 + int(m) for h, m in (t.split(":") for t in stretch.split("-")))
            spans.append((DAYS.index(day), a, b))
        row |= {"spans": spans, "languages": set(row["languages"].split(";")), "topics": row["interests"].split(";"), "level": int(row["level"])}
        people[row["id"]] = row
    return text, people


def free(person, week):
    """Free quarters of an hour of a week of the call and the day after, from its Monday, midnight UTC."""
    zone, monday = zoneinfo.ZoneInfo(person["zone"]), datetime.combine(START + timedelta(weeks=week), datetime.min.time(), timezone.utc)
    bits = np.zeros(8 * 96, bool)
    for day in range(-1, 10):
        local = (monday + timedelta(days=day)).date()
        for weekday, a, b in person["spans"]:
            if local.weekday() == weekday:
                ends = [datetime.combine(local, datetime.min.time(), zone) + timedelta(minutes=m) for m in (a, b)]
                i, j = (int((e.astimezone(timezone.utc) - monday).total_seconds()) // 900 for e in ends)
                bits[max(i, 0) : max(j, 0)] = True
    return bits


def judge(people, groups, names):
    """Shares of all people: in a group; in a group that breaks no rule; with their first topic there."""
    table = {p: [free(people[p], w) for w in range(WEEKS)] for p in people}
    broken = defaultdict(int)
    good = first = placed = 0
    for group in groups:
        placed += len(group)
        who = [people[p] for p in group]
        topics = set.intersection(*(set(p["topics"]) for p in who))
        levels = sorted(p["level"] for p in who)
        common = [np.logical_and.reduce([table[p][w] for p in group]) for w in range(WEEKS)]
        meets = all(np.convolve(c[: 7 * 96 + NEED - 1], np.ones(NEED), "valid").max() >= NEED for c in common)
        wrong = {
            "size": not 4 <= len(group) <= 6,
            "topic": not topics,
            "language": not set.intersection(*(p["languages"] for p in who)),
            "hours": not meets,
            "experience": not (any(p["guide"] == "yes" for p in who) or levels[-1] >= 3 and levels[-1] > np.median(levels)),
        }
        for rule in (r for r, w in wrong.items() if w):
            broken[rule] += 1
        if not any(wrong.values()):
            good += len(group)
        if topics:
            first += max(sum(p["topics"][0] == t for p in who) for t in topics)
    n = len(people)
    print(f"  {names}: {len(groups)} groups, {100 * placed / n:.0f} % placed, {100 * good / n:.0f} % in groups that keep every rule, "
          f"{100 * first / n:.0f} % with their first topic; groups breaking {dict(broken) or 'none'}")


def by_esker(text, folder):
    (folder / "applications.csv").write_text(text)
    call = subprocess.run([ESKER, "group", "template", "call"], check=True, capture_output=True, text=True).stdout
    (folder / "call.toml").write_text(call)
    began = time.perf_counter()
    subprocess.run([ESKER, "group", "match", "applications.csv", "-o", "out", "-q"], cwd=folder, check=True, capture_output=True)
    spent = time.perf_counter() - began
    groups = json.loads((folder / "out/groups.json").read_text())["groups"]
    return [[p["id"] for p in g["people"]] for g in groups], spent


def by_flow(people):
    sys.path.insert(0, str(CLONE))
    from nmamatcher.maxflow_matcher import PodMentorGraph
    from nmamatcher.utils import GROUP_SLOTS, SLOT_NUM

    began = time.perf_counter()
    leads = {p for p, v in people.items() if v["level"] >= 3 or v["guide"] == "yes"}
    # Half hours of the day in UTC in which a person is free on four days of the first week or more, as that matcher knows no days.
    days = {p: free(v, 0)[: 7 * 96].reshape(7, 48, 2).all(axis=2).sum(axis=0) for p, v in people.items()}
    spans = {k: np.asarray(v) % SLOT_NUM for k, v in GROUP_SLOTS.items() if k[1:] in "ABC"}
    pods = defaultdict(list)
    for p in sorted(set(people) - leads):
        span = max(sorted(spans), key=lambda k: days[p][spans[k]].sum())
        pods[span, people[p]["topics"][0], "en" in people[p]["languages"]].append(p)
    cut = [(key, some[i : i + 5]) for key, some in sorted(pods.items()) for i in range(0, len(some), 5)]
    mentors = sorted(leads)
    info = {"name": [f"pod{i}" for i in range(len(cut))], "tz_group": [k[0] for k, _ in cut], "dset_option": [k[1] for k, _ in cut], "pod_num": len(cut)}
    slots = [np.flatnonzero(days[m] >= 4).tolist() for m in mentors]
    nothing = [[] for _ in mentors]
    mentor = {"mentor_num": len(mentors), "email": mentors, "first_name": mentors, "last_name": mentors, "flexibility": [0.0] * len(mentors),
              "primary_days": nothing, "primary_slots": slots, "secondary_days": nothing, "secondary_slots": nothing}
    affinity = np.array([[float(k[1] in people[m]["topics"]) + float(k[1] == people[m]["topics"][0]) for m in mentors] for k, _ in cut])
    graph = PodMentorGraph(info, mentor, stage=2, min_mentor_per_pod=0, max_mentor_per_pod=1, min_pod_per_mentor=0, max_pod_per_mentor=1, affinity=affinity)
    told, sys.stdout = sys.stdout, io.StringIO()
    try:
        matches = graph.get_matches()
    finally:
        sys.stdout = told
    spent = time.perf_counter() - began
    groups = [list(some) for _, some in cut]
    for _, pod, who in matches:
        groups[info["name"].index(pod)].append(who)
    return groups, spent


for n in (60, 120, 300):
    text, people = applicants(n, 0)
    print(f"{n} applicants")
    with tempfile.TemporaryDirectory() as folder:
        groups, spent = by_esker(text, pathlib.Path(folder))
    judge(people, groups, f"Esker, {spent:.2f} s with reading and writing")
    groups, spent = by_flow(people)
    judge(people, groups, f"flow of pods and mentors, {spent:.2f} s")
