"""Every action that the program writes into the audit has a sentence that the audit page shows."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from booking import book_by_staff, correct, lift, number_changes, waitlist_desk
from booking.appeal_steps import AppealState
from booking.special_requests import RequestState
from booking.states import AppointmentState
from booking.waitlist_states import WaitState
from queueing import counters
from queueing.states import TicketState
from tests.architecture.source import python_files
from web.admin.audit_words import ACTIONS, REASONS, STATES, SUBJECTS, reason_in_words

WRITERS = {"record": 1, "values": 0}  # of kernel.audit: the place of the action among their arguments

#: Purposes of encryption that a function of the same name takes.
NOT_ACTIONS = {"saved_person.name", "saved_person.number"}


@cache
def trees() -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in python_files()]


def texts(node: ast.AST | None) -> set[str]:
    return {
        each.value
        for each in ast.walk(node or ast.Pass())
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }


def argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return named or (call.args[place] if len(call.args) > place else None)


def calls() -> Iterator[tuple[ast.Module, ast.Call, int, str]]:
    """(module, call, place, name) of each call that hands an action on, from the audit outwards."""
    known: dict[str, tuple[int, str]] = {}
    for tree in trees():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            of_audit = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "audit"
            if of_audit and call.func.attr in WRITERS:
                yield tree, call, WRITERS[call.func.attr], "action"
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            plain = [each.arg for each in function.args.args]
            named = [each.arg for each in function.args.kwonlyargs]
            if "action" in plain or "action" in named:
                known[function.name] = (plain.index("action") if "action" in plain else 99, "action")
    for tree in trees():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in known:
                yield tree, call, *known[name]


def assigned(tree: ast.Module, name: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(getattr(each, "id", "") == name for each in node.targets):
            found |= texts(node.value)
    return found


def actions() -> set[str]:
    found: set[str] = set()
    for tree, call, place, name in calls():
        value: Any = argument(call, place, name)
        found |= assigned(tree, value.id) if isinstance(value, ast.Name) else texts(value)
    return found


def test_every_action_of_the_program_has_its_sentence():
    wanted = {each for each in actions() if "." in each and not each.startswith("admin.")} - NOT_ACTIONS
    assert len(wanted) > 60
    assert sorted(wanted - set(ACTIONS)) == []


def test_no_sentence_is_of_an_action_that_is_gone():
    written = set().union(*(texts(tree) for tree in trees()))
    assert sorted(set(ACTIONS) - written) == []


def test_every_reason_of_a_list_is_told_in_words():
    assert set(REASONS["numbers.change"]) == set(number_changes.REASONS)
    assert set(REASONS["appointment.correct"]) == set(correct.REASONS)
    assert set(REASONS["appointment.make_by_staff"]) == set(book_by_staff.REASONS)
    assert set(REASONS["suspension.lift"]) == set(lift.REASONS)
    assert set(REASONS["waitlist.take_off"]) == set(waitlist_desk.REASONS)
    assert set(REASONS["counter.pause"]) == set(counters.PAUSE_REASONS)


def test_every_state_and_every_subject_of_an_entry_is_told_in_words():
    of_counters = {"open", "paused", "closed"}
    states = {*AppointmentState, *TicketState, *AppealState, *RequestState, *WaitState, *of_counters}
    assert sorted(states - set(STATES)) == []
    pattern = re.compile(r"subject ?= ?\(\s*\"(\w+)\"")
    written = {kind for path in python_files() for kind in pattern.findall(path.read_text(encoding="utf-8"))}
    assert {"appointment", "table", "waitlist_entry"} <= written
    assert sorted(written - set(SUBJECTS)) == []
    assert reason_in_words("numbers.change", "fewer_staff", "zh") == "窗口或人手减少"
    assert reason_in_words("numbers.change", "给张三留的", "zh") == ""
    assert reason_in_words("ticket.call", None, "en") == ""
