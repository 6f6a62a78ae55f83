"""Shards: every story in exactly one of them, the same one everywhere, and none much longer than the others."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calicolab.errors import UsageError
from calicolab.evidence.shards import SECONDS_A_LAB, Shard, Story, divide, durations, parse
from tests.evidence.examples import STARTED, a_check, a_run, some_results

STORIES = st.dictionaries(
    st.builds(
        Story,
        st.sampled_from(["netns-v3.23.2", "netns-v3.31.0", "kind-v3.31.0", ""]),
        st.sampled_from([f"suites/a/test_{number}.py" for number in range(12)]),
    ),
    st.integers(min_value=0, max_value=40),
)


def story(number: int, lab: str = "netns-v3.23.2") -> Story:
    return Story(lab, f"suites/a/test_{number:02}.py")


@pytest.mark.parametrize(
    ("text", "shard"), [("1/1", Shard(1, 1)), ("2/4", Shard(2, 4)), ("04/10", Shard(4, 10))]
)
def test_a_shard_is_written_as_its_number_of_how_many(text: str, shard: Shard) -> None:
    assert parse(text) == shard


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        *(
            (text, "is no shard: write its number and how many there are, as in 2/4")
            for text in ("", "2", "2/", "/4")
        ),
        *((text, "is no shard") for text in ("a/4", "-1/4", "1.5/4", "2 / 4", "2/4/8", "99999/99999")),
        ("0/4", "there is no shard 0/4: they are 1/4 to 4/4"),
        ("5/4", "there is no shard 5/4: they are 1/4 to 4/4"),
        ("1/0", "there is no shard 1/0: they are 1/1 to 1/1"),
    ],
)
def test_what_is_no_shard_is_said(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        parse(text)


@given(STORIES, st.integers(min_value=1, max_value=9), st.randoms(use_true_random=False))
def test_every_story_is_in_one_shard_whatever_their_order(
    stories: dict[Story, int], of: int, random: object
) -> None:
    chosen = divide(stories, of=of)
    assert chosen.keys() == stories.keys()
    assert all(1 <= number <= of for number in chosen.values())
    shuffled = list(stories.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    assert divide(dict(shuffled), of=of) == chosen


@given(STORIES, st.integers(min_value=1, max_value=9))
def test_no_shard_is_longer_than_the_fair_share_and_one_story_more(
    stories: dict[Story, int], of: int
) -> None:
    known = {one: float(checks) for one, checks in stories.items()}
    chosen = divide(stories, of=of, known=known)
    loads = [sum(known[one] for one in stories if chosen[one] == number) for number in range(1, of + 1)]
    starts = sum(SECONDS_A_LAB.get(lab.partition("-")[0], 0.0) for lab in {one.lab for one in stories})
    assert max(loads) <= sum(loads) / of + max([0.0, *known.values()]) + starts


def test_without_durations_the_number_of_checks_counts() -> None:
    chosen = divide({story(1): 30, story(2): 10, story(3): 10, story(4): 10}, of=2)
    assert [chosen[story(number)] for number in (1, 2, 3, 4)] == [1, 2, 2, 2]


def test_with_durations_those_count_and_a_new_story_takes_what_it_took_elsewhere() -> None:
    stories = {story(1): 1, story(2): 30, story(3, "netns-v3.31.0"): 1, story(4): 1}
    known = {story(1): 300.0, story(2): 5.0, story(3): 290.0, story(4): 5.0}
    chosen = divide(stories, of=2, known=known)
    assert chosen[story(1)] != chosen[story(3, "netns-v3.31.0")]
    assert chosen[story(2)] == chosen[story(4)] == chosen[story(1)], "no third lab is started for 10 s"


def test_stories_of_one_lab_rather_stay_together() -> None:
    stories = {story(number, lab): 2 for number in (1, 2) for lab in ("kind-v3.23.2", "kind-v3.31.0")}
    chosen = divide(stories, of=2)
    assert all(chosen[story(1, lab)] == chosen[story(2, lab)] for lab in ("kind-v3.23.2", "kind-v3.31.0"))
    assert len(set(chosen.values())) == 2


def test_a_story_whose_checks_are_all_skipped_takes_no_time() -> None:
    chosen = divide({story(1): 0, story(2): 20, story(3): 20}, of=2, known={story(1): 500.0})
    assert chosen[story(2)] != chosen[story(3)]


def test_durations_are_those_of_the_latest_run_without_what_was_skipped() -> None:
    file = "suites/founding/test_incident.py"
    early = some_results(
        a_check("a", duration_s=9.0), a_check("b", "fail"), a_check("c", "skip", duration_s=50.0)
    )
    late = msgspec.structs.replace(
        some_results(a_check("a", duration_s=2.0)),
        run=msgspec.structs.replace(a_run(), started=STARTED + timedelta(hours=1)),
    )
    assert durations([early]) == {Story("netns-v3.23.2", file): 10.5}
    assert durations([late, early]) == {Story("netns-v3.23.2", file): 2.0}
    assert durations([]) == {}
