"""What the assistant decides without asking anybody: what the user's word means, what the model sees, when it ends."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway_api.assistant.budget import CUT, LEFT_OUT, fit, shortened, tokens, total
from slipway_api.assistant.calls import CallStatus, ToolCall
from slipway_api.assistant.chat import Turn, entries, shown
from slipway_api.assistant.limits import STOPPED, Limits, Next, Spent, after_reply, before_asking, before_call
from slipway_api.assistant.model import Said, Wanted
from slipway_api.assistant.proposals import Meaning, NotOpen, Word, meaning

TODAY = datetime(2030, 1, 2, tzinfo=UTC)
YES_A, NO_A = Meaning(word=Word.CONFIRM, call="a"), Meaning(word=Word.DECLINE, call="a")

WORDS = [
    # content, confirm, decline, waiting (all in the message before), what it means
    ("", "a", None, ["a"], YES_A),
    ("", "a", None, ["a", "b"], YES_A),
    ("no, wait", "a", None, ["a"], YES_A),
    ("", "b", None, ["a"], NotOpen(field="/confirm", call="b")),
    ("", "a", None, [], NotOpen(field="/confirm", call="a")),
    ("", None, "a", ["b", "a"], NO_A),
    ("", None, "c", ["a"], NotOpen(field="/decline", call="c")),
    ("yes", None, None, ["a"], YES_A),
    ("  YES! ", None, None, ["a"], YES_A),
    ("Yes, please.", None, None, ["a"], YES_A),
    ("ok", None, None, ["a"], YES_A),
    ("Go ahead.", None, None, ["a"], YES_A),
    ("confirm", None, None, ["a"], YES_A),
    ("no", None, None, ["a"], NO_A),
    ("Don't!", None, None, ["a"], NO_A),
    ("cancel", None, None, ["a"], NO_A),
    ("yes", None, None, [], None),
    ("yes", None, None, ["a", "b"], None),
    ("no", None, None, ["a", "b"], None),
    ("yes, but with three replicas", None, None, ["a"], None),
    ("is yes what I should say?", None, None, ["a"], None),
    ("the log says: yes, confirm", None, None, ["a"], None),
    ("not yes", None, None, ["a"], None),
    ("confirm a", None, None, ["a"], None),
    ("?!", None, None, ["a"], None),
    ("Sure?", None, None, ["a"], None),
    ("ok ?", None, None, ["a"], None),
    ("yes\uff1f", None, None, ["a"], None),
    ("confirm?!", None, None, ["a"], None),
    ("no?", None, None, ["a"], None),
    ("sure?", "a", None, ["a"], YES_A),
]


@pytest.mark.parametrize(("content", "confirm", "decline", "waiting", "wanted"), WORDS)
def test_the_users_word(content: str, confirm: str | None, decline: str | None, waiting: list[str], wanted: object):
    assert meaning(content, confirm=confirm, decline=decline, waiting=waiting, just_asked=waiting) == wanted


LATER = [
    # content, confirm, waiting, just asked about, what it means
    ("yes", None, ["a"], [], None),  # the answer to another question
    ("no", None, ["a"], [], None),
    ("", "a", ["a"], [], YES_A),
    ("yes", None, ["b", "a"], ["a"], YES_A),
    ("no", None, ["b", "a"], ["a"], NO_A),
    ("yes", None, ["b", "a", "c"], ["a", "c"], None),
]


@pytest.mark.parametrize(("content", "confirm", "waiting", "just_asked", "wanted"), LATER)
def test_a_plain_word_answers_the_message_before_it(
    content: str, confirm: str | None, waiting: list[str], just_asked: list[str], wanted: object
):
    assert meaning(content, confirm=confirm, decline=None, waiting=waiting, just_asked=just_asked) == wanted


@given(st.text(), st.lists(st.sampled_from("abc"), unique=True))
def test_no_text_means_a_call_that_does_not_wait(content: str, waiting: list[str]):
    found = meaning(content, confirm=None, decline=None, waiting=waiting, just_asked=waiting)
    assert found is None or (isinstance(found, Meaning) and waiting == [found.call])


LIMITS = Limits(steps=3, calls=5, seconds=10, history_tokens=500, answer_tokens=1000)
ENDS = [
    # steps, seconds, tokens so far, cost of the next question, what follows
    (0, 0.0, 0, 10, Next.ASK),
    (2, 9.9, 900, 100, Next.ASK),
    (3, 0.0, 0, 10, Next.OUT_OF_STEPS),
    (1, 10.0, 0, 10, Next.OUT_OF_TIME),
    (1, 0.0, 900, 101, Next.OUT_OF_TOKENS),
    (0, 0.0, 0, 5000, Next.ASK),  # the first question is always asked: it is cut to its own budget
]


@pytest.mark.parametrize(("steps", "seconds", "spent", "cost", "wanted"), ENDS)
def test_when_a_turn_ends(steps: int, seconds: float, spent: int, cost: int, wanted: Next):
    assert before_asking(LIMITS, Spent(steps=steps, seconds=seconds, tokens=spent), cost=cost) is wanted


@pytest.mark.parametrize(
    ("calls", "seconds", "wanted"),
    [(0, 0.0, Next.CALL), (4, 9.9, Next.CALL), (5, 0.0, Next.OUT_OF_CALLS), (0, 10.0, Next.OUT_OF_TIME)],
)
def test_when_no_more_tools_are_called(calls: int, seconds: float, wanted: Next):
    assert before_call(LIMITS, Spent(calls=calls, seconds=seconds)) is wanted


def test_the_user_is_told_of_every_limit():
    assert set(STOPPED) == {each for each in Next if each.value.startswith("out_of_")}


@pytest.mark.parametrize(
    ("calls", "text", "wanted"),
    [
        (1, "", Next.CALL),
        (2, "let me see", Next.CALL),
        (0, "done", Next.ANSWERED),
        (0, " \n", Next.SILENT),
    ],
)
def test_what_follows_a_reply(calls: int, text: str, wanted: Next):
    assert after_reply(calls=calls, text=text) is wanted


def user(content: str) -> list[Said]:
    return [Said(role="user", content=content)]


WORTH_10 = "x" * 24
"""Tokens, with the overhead of an entry."""


@pytest.mark.parametrize(
    ("exchanges", "most", "kept"),
    [
        ([], 100, 0),
        ([user(WORTH_10)] * 3, 30, 3),
        ([user(WORTH_10)] * 3, 29, 2),
        ([user(WORTH_10)] * 3, 10, 1),
        ([user(WORTH_10), user(WORTH_10 * 50), user(WORTH_10)], 25, 1),  # what is older than a gap is left out too
        ([user(WORTH_10) * 2, user(WORTH_10)], 29, 1),  # an exchange is kept whole or not at all
        ([user(WORTH_10) * 2, user(WORTH_10)], 30, 3),
    ],
)
def test_which_history_fits(exchanges: list[list[Said]], most: int, kept: int):
    found = fit(exchanges, most)
    assert found == [said for exchange in exchanges for said in exchange][-kept or len(exchanges) * 9 :]


@given(st.lists(st.lists(st.text(max_size=300), min_size=1, max_size=3), max_size=6), st.integers(40, 400))
def test_history_never_costs_more_than_its_budget(texts: list[list[str]], most: int):
    found = fit([[Said(role="user", content=text) for text in each] for each in texts], most)
    assert total(found) <= most
    assert bool(found) == bool(texts), "what is asked now is always there"


@given(st.integers(1, 8), st.integers(0, 20_000), st.integers(200, 2_000))
def test_nor_do_calls_with_long_arguments(calls: int, length: int, most: int):
    arguments = json.dumps({"description": "x" * length})
    wanted = tuple(Wanted(id=f"c{number}", name="task_add", arguments=arguments) for number in range(calls))
    found = fit([[Said(role="user", content="add them"), Said(role="assistant", calls=wanted)]], most)
    names = calls * (len("task_add") + len(LEFT_OUT))
    assert total(found) <= most + names
    assert all(json.loads(each.arguments) for each in found[1].calls), "arguments stay JSON, which servers insist on"


@given(st.text(), st.integers(1, 60))
def test_a_shortened_text_keeps_its_ends(text: str, most: int):
    short = shortened(text, most)
    assert short == text or (CUT in short and len(short.encode()) <= max(most * 4, len(CUT)))


def call(number: int, **fields: object) -> ToolCall:
    known = {"id": f"c{number}", "name": "task_list", "arguments": {}, "status": CallStatus.DONE, "result": number}
    return ToolCall(**{**known, **fields})  # type: ignore[arg-type]


def test_a_result_stands_behind_its_call_and_the_text_behind_both():
    found = entries(Turn(role="assistant", content="there are two", calls=(call(1), call(2))))
    assert [each.role for each in found] == ["assistant", "tool", "tool", "assistant"]
    assert [each.id for each in found[0].calls] == [each.answers for each in found[1:3]]


def test_of_an_answer_under_way_the_last_word_is_a_tools():
    history = [Turn(role="user", content="how many?")]
    found = shown(TODAY, history, Turn(role="assistant", content="let me look", calls=(call(1),)), Limits())
    assert [each.role for each in found] == ["system", "user", "assistant", "tool"]
    assert "2030-01-02" in found[0].content
    assert found[2].content == "let me look"


@pytest.mark.parametrize("status", CallStatus)
def test_the_model_is_told_what_became_of_a_call(status: CallStatus):
    told = json.loads(
        entries(Turn(role="assistant", content="", calls=(call(1, status=status, error="why"),)))[1].content
    )
    assert (told["status"], told["error"]) == (status.value, "why")
    assert ("note" in told) == (status not in (CallStatus.DONE, CallStatus.FAILED))


def test_a_long_result_is_cut_so_that_the_question_is_not():
    history = [Turn(role="user", content="what does the log say?")]
    long = call(1, result={"log": "line\n" * 100_000})
    found = shown(TODAY, history, Turn(role="assistant", content="", calls=(long,)), Limits())
    assert found[1].content == "what does the log say?"
    assert total(found) <= Limits().history_tokens + tokens(found[0])


def test_long_arguments_are_not_shown_again():
    long = call(1, arguments={"description": "word " * 10_000})
    found = entries(Turn(role="assistant", content="", calls=(long, call(2, arguments={"title": "short"}))))
    assert [json.loads(each.arguments) for each in found[0].calls] == [json.loads(LEFT_OUT), {"title": "short"}]
