"""Ask a process of its own what speaks for a class: one at a time, with an end to each."""

from __future__ import annotations

import json
import logging
import pickle
import subprocess
import threading
from dataclasses import dataclass

from kerastl._base.processes import start_child
from kerastl._base.text import message
from kerastl.serving._batching import MicroBatcher
from kerastl.serving._errors import NotAnswerableError, UnavailableError
from kerastl.serving._explaining_child import Question

log = logging.getLogger("kerastl")

_SECONDS = 120.0
"""For one explanation; the first has to import Keras and build the network."""
_WAITING = 16
_CLOSE_SECONDS = 1.0


@dataclass(frozen=True)
class Explained:
    """What speaks for a class.

    Args:
        label: The class.
        score: The model's probability for it.
        png: The image as the network sees it, colored: what a PNG file holds.
    """

    label: str
    score: float
    png: bytes


class ExplainingProcess:
    """Starts the process when it is first asked, and anew when it has died; one thread uses it."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def ask(self, question: Question) -> Explained:
        """Explain one image.

        Raises:
            NotAnswerableError: The model is not explained so.
            UnavailableError: The process has died over it, or took too long.
        """
        child = self._started()
        timer = threading.Timer(_SECONDS, child.kill)
        timer.start()
        try:
            assert child.stdin is not None  # noqa: S101 - they are pipes
            assert child.stdout is not None  # noqa: S101
            pickle.dump(question, child.stdin)
            child.stdin.flush()
            said = json.loads(child.stdout.readline())
            png = child.stdout.read(said["bytes"])
        except (OSError, ValueError):
            if self._child is child:  # and not ended by `close`
                self.close()
                log.warning("the process that explains ended over %s (code %s)", question.method, child.returncode)
            raise UnavailableError("explaining this image took too long, or too much; try another method") from None
        finally:
            timer.cancel()
        if "error" in said:
            raise NotAnswerableError(said["error"])
        if "failure" in said:
            raise RuntimeError(message(said["failure"]))
        return Explained(said["label"], said["score"], png)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self.close()
        if self._child is None:
            self._child = start_child("kerastl.serving._explaining_child.answer_questions", stdout=subprocess.PIPE)
        return self._child

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:  # of what it has not read
                pass
        child.wait()


class ExplanationQueue:
    """Questions that wait for the process that explains; there is a limit to how many."""

    def __init__(self) -> None:
        self._process = ExplainingProcess()
        self.batcher: MicroBatcher[Question, Explained] = MicroBatcher(
            lambda questions: [self._process.ask(question) for question in questions],
            workers=1,
            batch=1,
            capacity=_WAITING,
        )

    def close(self) -> None:
        """Answer nothing more."""
        self.batcher.close(_CLOSE_SECONDS)
        self._process.close()
