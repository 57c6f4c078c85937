"""Answers from flags or, where a flag is missing and somebody is there, from the terminal."""

from collections.abc import Callable
from typing import TextIO, TypeVar

from workflow_scripts.common.script import UserError

Answer = TypeVar("Answer")


class Questions:
    """Asks what the flags do not say.

    Args:
        asks: whether somebody is there to answer.
        answers: where lines are read from.
        screen: where questions and what is found are written.

    Attributes:
        asked: how many questions there were so far.
    """

    def __init__(self, asks: bool, answers: TextIO, screen: TextIO) -> None:
        self.asks = asks
        self.asked = 0
        self._answers = answers
        self._screen = screen

    def say(self, line: str) -> None:
        """Show a line."""
        print(line, file=self._screen, flush=True)

    def ask(
        self, question: str, check: Callable[[str], Answer], default: str | None = None
    ) -> Answer:
        """An answer that passes the check; one that does not is asked for again.

        Args:
            check: turns a text into what it means, or raises :class:`UserError`.
            default: the text that an empty line stands for.

        Raises:
            UserError: if the input ends before.
        """
        self.asked += 1
        hint = f" [{default}]" if default else ""
        while True:
            print(f"{question}{hint}: ", end="", file=self._screen, flush=True)
            line = self._answers.readline()
            if not line:
                self.say("")
                raise UserError(f"the input ended at the question: {question}")
            text = line.strip() or default
            if text is None:
                self.say("    this needs an answer")
                continue
            try:
                return check(text)
            except UserError as error:
                self.say(f"    {error}")

    def get(
        self,
        flag: str,
        given: str | None,
        question: str,
        check: Callable[[str], Answer],
        default: str | None = None,
    ) -> Answer:
        """What a flag says, or the answer to a question, or the default where nobody is asked.

        Raises:
            UserError: if what the flag says does not pass the check, or nothing says anything.
        """
        if given is not None:
            return check(given)
        if self.asks:
            return self.ask(question, check, default)
        if default is None:
            raise UserError(f"{flag} is missing; give it, or run this in a terminal to be asked")
        return check(default)
