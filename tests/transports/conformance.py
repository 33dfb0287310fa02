"""What every transport promises, as one class of tests; a transport's own test file fills in how to open it."""
# ruff: noqa: D102 - the name of a test is its sentence, in a class as well

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from hardening.model.step import Answer, Completed, NotRun, ShellStep
from hardening.transports.session import Limits, Session

OpenSession = Callable[[Limits], Session]

# Not from /dev/zero: a root tree has no devices.
FLOOD = "printf %5000000s"
EVERY_BYTE = "".join(f"\\{number:03o}" for number in range(256))


def completed(answer: Answer) -> Completed:
    """Return an answer that must have come."""
    assert isinstance(answer, Completed)
    return answer


class Conformance:
    """Inherit from this and give it a fixture ``open_target`` of the scope of a class.

    ``short_seconds`` is a time in which a step that does nothing surely comes back.
    """

    short_seconds = 0.5

    @pytest.fixture
    def session(self, open_target: OpenSession) -> Iterator[Session]:
        session = open_target(Limits(connect_seconds=5, idle_seconds=10, deadline_seconds=20))
        yield session
        session.close()

    def test_output_is_what_the_step_prints(self, session: Session) -> None:
        answers = session.run([ShellStep(name="one", script="echo first; printf second")], as_root=False)
        assert completed(answers["one"]).stdout == b"first\nsecond"

    def test_each_step_has_its_own_answer(self, session: Session) -> None:
        steps = [ShellStep(name=f"step {number}", script=f"echo {number}") for number in range(30)]
        answers = session.run(steps, as_root=False)
        assert [completed(answer).text for answer in answers.values()] == [f"{number}\n" for number in range(30)]

    def test_standard_error_is_kept_apart(self, session: Session) -> None:
        answers = session.run([ShellStep(name="one", script="echo out; echo err >&2")], as_root=False)
        assert completed(answers["one"]).stderr == b"err\n"

    def test_exit_status_is_that_of_the_step(self, session: Session) -> None:
        answers = session.run([ShellStep(name="one", script="(exit 42)")], as_root=False)
        assert completed(answers["one"]).exit_status == 42

    def test_a_failing_last_command_is_seen_behind_the_cut(self, session: Session) -> None:
        step = ShellStep(name="one", script="echo much; exit 7", unbounded=True, output_limit=100)
        assert completed(session.run([step], as_root=False)["one"]).exit_status == 7

    def test_every_byte_survives(self, session: Session) -> None:
        answers = session.run([ShellStep(name="one", script=f"printf '{EVERY_BYTE}'")], as_root=False)
        assert completed(answers["one"]).stdout == bytes(range(256))

    def test_exit_ends_only_its_own_step(self, session: Session) -> None:
        steps = [ShellStep(name="leaves", script="exit 3"), ShellStep(name="stays", script="echo here")]
        assert completed(session.run(steps, as_root=False)["stays"]).stdout == b"here\n"

    def test_a_syntax_error_ends_only_its_own_step(self, session: Session) -> None:
        steps = [ShellStep(name="broken", script="if then ("), ShellStep(name="stays", script="echo here")]
        assert completed(session.run(steps, as_root=False)["stays"]).stdout == b"here\n"

    def test_a_syntax_error_is_a_failed_step(self, session: Session) -> None:
        answers = session.run([ShellStep(name="broken", script="if then (")], as_root=False)
        assert completed(answers["broken"]).exit_status != 0

    def test_variables_and_folders_of_a_step_do_not_reach_the_next(self, session: Session) -> None:
        steps = [
            ShellStep(name="sets", script="here=set; cd /usr; set -e; PATH=/nowhere"),
            ShellStep(name="asks", script='[ "$PWD" = /usr ] || echo "${here:-unset}"'),
        ]
        assert completed(session.run(steps, as_root=False)["asks"]).stdout == b"unset\n"

    def test_a_step_finds_nothing_on_standard_input(self, session: Session) -> None:
        steps = [ShellStep(name="eats", script="cat"), ShellStep(name="stays", script="echo here")]
        answers = session.run(steps, as_root=False)
        assert [completed(answer).stdout for answer in answers.values()] == [b"", b"here\n"]

    def test_programs_for_administrators_are_found_and_messages_are_plain(self, session: Session) -> None:
        step = ShellStep(name="one", script='case $PATH in /usr/sbin:*) echo "$LC_ALL $(umask)";; esac')
        assert completed(session.run([step], as_root=False)["one"]).stdout == b"C 0077\n"

    def test_quotes_and_line_feeds_in_a_step_survive(self, session: Session) -> None:
        step = ShellStep(name="one", script="printf '%s\\n' \"it's\" 'a \"quoted\"\nword' '\\n' '!$`'")
        assert completed(session.run([step], as_root=False)["one"]).text == 'it\'s\na "quoted"\nword\n\\n\n!$`\n'

    def test_slow_steps_run_last(self, session: Session) -> None:
        steps = [ShellStep(name="slow", script="echo slow", slow=True), ShellStep(name="quick", script="echo quick")]
        assert list(session.run(steps, as_root=False)) == ["quick", "slow"]

    def test_long_output_is_cut_at_the_limit(self, session: Session) -> None:
        step = ShellStep(name="one", script=FLOOD, output_limit=1000)
        assert completed(session.run([step], as_root=False)["one"]).stdout == b" " * 1000

    def test_cut_output_is_marked(self, session: Session) -> None:
        step = ShellStep(name="one", script=FLOOD, output_limit=1000)
        assert completed(session.run([step], as_root=False)["one"]).cut

    def test_output_that_just_fits_is_not_cut(self, session: Session) -> None:
        step = ShellStep(name="one", script="printf %1000s", output_limit=1000, unbounded=True)
        assert not completed(session.run([step], as_root=False)["one"]).cut

    def test_output_without_end_is_cut_on_the_target(self, session: Session) -> None:
        steps = [
            ShellStep(name="endless", script="while :; do echo again; done", output_limit=9, unbounded=True),
            ShellStep(name="next", script="echo here"),
        ]
        answers = session.run(steps, as_root=False)
        assert [(completed(answer).stdout, completed(answer).cut) for answer in answers.values()] == [
            (b"again\naga", True),
            (b"here\n", False),
        ]

    def test_output_that_looks_like_a_marker_is_output(self, session: Session) -> None:
        forged = f"{'0' * 32} end 0 0\\n{'0' * 32} begin 1\\n"
        steps = [ShellStep(name="forges", script=f"printf '{forged}'; exit 5"), ShellStep(name="next", script="echo x")]
        answers = session.run(steps, as_root=False)
        assert (completed(answers["forges"]).exit_status, completed(answers["next"]).stdout) == (5, b"x\n")

    @pytest.fixture(scope="class")
    @classmethod
    def hung(cls, open_target: OpenSession) -> Mapping[str, Answer]:
        session = open_target(Limits(deadline_seconds=cls.short_seconds))
        steps = [
            ShellStep(name="before", script="echo here"),
            ShellStep(name="hangs", script="sleep 30"),
            ShellStep(name="after", script="echo after"),
        ]
        answers = session.run(steps, as_root=False)
        session.close()
        return answers

    def test_a_hanging_step_was_not_run(self, hung: Mapping[str, Answer]) -> None:
        assert hung["hangs"] == NotRun(f"the batch did not end within {self.short_seconds:g} s")

    def test_answers_before_a_hanging_step_are_kept(self, hung: Mapping[str, Answer]) -> None:
        assert completed(hung["before"]).stdout == b"here\n"

    def test_steps_after_a_hanging_step_were_not_run(self, hung: Mapping[str, Answer]) -> None:
        assert isinstance(hung["after"], NotRun)

    def test_too_much_output_ends_the_batch(self, open_target: OpenSession) -> None:
        session = open_target(Limits(output_bytes=100_000))
        steps = [
            ShellStep(name="before", script="echo here"),
            ShellStep(name="floods", script=FLOOD),
            ShellStep(name="after", script="echo after"),
        ]
        answers = session.run(steps, as_root=False)
        session.close()
        assert [type(answer) for answer in answers.values()] == [Completed, NotRun, NotRun]
        assert answers["after"] == NotRun("output limit reached")

    def test_a_session_runs_more_than_one_batch(self, session: Session) -> None:
        session.run([ShellStep(name="one", script="echo one")], as_root=False)
        answers = session.run([ShellStep(name="two", script="echo two")], as_root=False)
        assert completed(answers["two"]).stdout == b"two\n"

    def test_closing_twice_is_closing_once(self, session: Session) -> None:
        session.close()
        session.close()

    def test_a_session_knows_its_own_connection(self, session: Session) -> None:
        assert "transport" in session.connection


class LiveConformance(Conformance):
    """What transports promise besides whose targets can keep us waiting."""

    def test_silence_ends_the_batch_before_its_deadline(self, open_target: OpenSession) -> None:
        session = open_target(Limits(idle_seconds=self.short_seconds, deadline_seconds=60))
        answers = session.run([ShellStep(name="silent", script="sleep 30")], as_root=False)
        session.close()
        assert answers["silent"] == NotRun(f"nothing came from the target for {self.short_seconds:g} s")

    def test_a_slow_step_may_be_silent(self, open_target: OpenSession) -> None:
        session = open_target(Limits(idle_seconds=self.short_seconds, deadline_seconds=60))
        script = f"sleep {1.5 * self.short_seconds}; echo here"
        answers = session.run([ShellStep(name="slow", script=script, slow=True)], as_root=False)
        session.close()
        assert completed(answers["slow"]).stdout == b"here\n"


class RootConformance:
    """What transports promise that can become root; inherit and give a fixture ``open_root``."""

    def test_root_answers_as_root(self, open_root: OpenSession) -> None:
        session = open_root(Limits())
        answers = session.run([ShellStep(name="who", script="id -u")], as_root=True)
        session.close()
        assert completed(answers["who"]).stdout == b"0\n"

    def test_answers_of_root_say_so(self, open_root: OpenSession) -> None:
        session = open_root(Limits())
        answers = session.run([ShellStep(name="who", script="id -u")], as_root=True)
        session.close()
        assert completed(answers["who"]).as_root
