"""Fine-tuning on several processes, seen from outside: start them, wait, and end all of them when one is lost."""

from __future__ import annotations

import os
import pickle
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl import _progress as progress
from kerastl._base import extras
from kerastl._base.processes import start_child
from kerastl._base.scratch import temporary_folder
from kerastl._base.text import printable
from kerastl.errors import TrainingError, UsageError
from kerastl.finetuning._recipe import Recipe
from kerastl.training._interrupt import Interrupted

if TYPE_CHECKING:
    from kerastl.finetuning._result import FineTuned

CALL, ANSWER = "call.pickle", "answer-{}.pickle"
# What a call on several processes cannot have, and why.
_ALONE = {
    "budget": "each process would look at its own clock",
    "callbacks": "they are objects of this process",
    "keep_classes": "what an earlier run kept is read by one process",
}
_OURS = ("processes", "coordinator", "process_id")
_ADDRESS = re.compile(r"[^\s:/]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")
_SECONDS_BETWEEN_LOOKS = 0.05
# How long the others may take to end when one is done: the last figures are drawn by each.
_SECONDS_TO_END = 120.0


@dataclass(frozen=True)
class Processes:
    """The processes of a run.

    Args:
        count: How many there are, on all hosts together.
        coordinator: Where the first of them is found, `host:port`; None where all are on this machine.
        number: Of the one on this machine, from 0; None where all are.
    """

    count: int
    coordinator: str | None = None
    number: int | None = None

    @classmethod
    def of(cls, processes: int, coordinator: str | None, process_id: int | None) -> Processes | None:
        """Check what was asked for; None is this process alone.

        Raises:
            UsageError: The arguments do not go together.
        """
        if processes < 1:
            raise UsageError(f"processes must be at least 1. Received: {processes!r}")
        if (coordinator is None) != (process_id is None):
            raise UsageError("coordinator and process_id go together: an address, and which process this host runs")
        if coordinator is None or process_id is None:
            return None if processes == 1 else cls(processes)
        if _ADDRESS.fullmatch(coordinator) is None:
            raise UsageError(f"coordinator must be HOST:PORT, as 10.0.0.1:4321. Received: {coordinator!r}")
        if not 0 <= process_id < processes:
            raise UsageError(
                f"process_id must be from 0 to {processes - 1}, as processes says. Received: {process_id!r}"
            )
        return cls(processes, coordinator, process_id)

    @property
    def here(self) -> Sequence[int]:
        """Numbers of those that run on this machine."""
        return range(self.count) if self.number is None else (self.number,)


def finetune_together(processes: Processes, arguments: Mapping[str, Any]) -> FineTuned:
    """Do what `kerastl.finetune` does, on several processes.

    Args:
        processes: To start.
        arguments: Those of `kerastl.finetune` that were given.

    Raises:
        UsageError: Something was given that several processes cannot share.
        TrainingError: A process ended before the run was done; the others are ended, too.
        Interrupted: Ctrl-C.
    """
    extras.require("training on several processes", "jax", "jax")
    _check(arguments)
    output = Path(arguments["output"]).absolute()
    with temporary_folder() as folder:
        reporter = progress.chosen()
        level = arguments.get("verbose", "auto") if reporter is None else reporter.level
        given = {name: value for name, value in arguments.items() if name not in _OURS}
        call = {**given, "output": output, "verbose": level}
        if isinstance(recipe := call.get("recipe"), Recipe):
            call["recipe"] = folder / "recipe.json"
            call["recipe"].write_text(recipe.to_json(), encoding="utf-8")
        meeting = processes.count, processes.coordinator or _free_address(), processes.number is None
        (folder / CALL).write_bytes(pickle.dumps((call, *meeting)))
        children: dict[int, subprocess.Popen] = {}
        try:
            for number in processes.here:
                children[number] = _start(number, folder)
            answer = _wait(children, folder, processes, output)
        except KeyboardInterrupt:
            raise Interrupted(
                f"stopped; --resume goes on after the last whole epoch in {printable(str(output))}"
            ) from None
        finally:
            for child in children.values():
                child.kill()
                child.communicate()  # closes what goes to it
    return _result(answer, output, trust=bool(arguments.get("trust")))


def _check(arguments: Mapping[str, Any]) -> None:
    for name, reason in _ALONE.items():
        if arguments.get(name):
            raise UsageError(f"{name} does not go with several processes: {reason}")
    if arguments.get("output") is None:
        raise UsageError("several processes need an output, where the first of them writes")
    for name in ("data", "model", "optimizer", "loss"):
        try:
            pickle.dumps(arguments.get(name))
        except Exception:
            plain = False
        else:
            plain = "keras" not in type(arguments.get(name)).__module__
        if not plain:
            raise UsageError(f"{name} must be a name or a path where several processes train, and no object")
    if "," in str(arguments.get("model", "")) or isinstance(arguments.get("model"), (list, tuple)):
        raise UsageError("several processes train one model: choose among several with one process first")


def _free_address() -> str:
    """An address on this machine that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def _start(number: int, folder: Path) -> subprocess.Popen:
    try:
        # The first one tells how it goes. Ctrl-C is for us, who end them all.
        child = start_child(
            "kerastl.finetuning._group_member.take_part",
            stderr=None if number == 0 else subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise TrainingError(f"process {number} cannot be started ({error.strerror or error})") from error
    assert child.stdin is not None  # noqa: S101 - it is a pipe
    with suppress(BrokenPipeError):  # it has ended at once, which is seen soon
        child.stdin.write(pickle.dumps((number, os.fspath(folder))))
        child.stdin.flush()  # it stays open: where it ends, we have ended, and so does the process
    return child


def _wait(
    children: Mapping[int, subprocess.Popen], folder: Path, processes: Processes, output: Path
) -> tuple[Any, ...]:
    """Wait until all processes here are done; what the first of them answers.

    Raises:
        Exception: Of kerastl, that a process ended with.
    """
    waiting, until = dict(children), float("inf")
    while waiting and time.monotonic() < until:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        for number, child in list(waiting.items()):
            if child.poll() is None:
                continue
            del waiting[number]
            until = min(until, time.monotonic() + _SECONDS_TO_END)
            file = folder / ANSWER.format(number)
            if not file.is_file():
                raise _lost(number, child.returncode, processes, output)
            done, value = _read(file)
            if not done:
                raise value
    return _read(folder / ANSWER.format(min(children)))[1]


def _read(file: Path) -> Any:
    # Written by our own child into a folder that is closed to others.
    return pickle.loads(file.read_bytes())  # noqa: S301


def _lost(number: int, code: int, processes: Processes, output: Path) -> TrainingError:
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    others = "" if processes.number is None else "; perhaps one on another host was lost first"
    return TrainingError(
        f"process {number} of {processes.count} {how}, and so the others were ended{others}. --resume goes on after "
        f"the last whole epoch in {printable(str(output))}, with any number of processes"
    )


def _result(answer: tuple[Any, ...], output: Path, *, trust: bool) -> FineTuned:
    from kerastl.finetuning._result import FineTuned
    from kerastl.models._metadata import MODEL_FILE
    from kerastl.models._saved.loading import load

    metadata, metrics, history, stopped = answer
    # On another host than the first process's, the run folder may be none of this machine's.
    model = load(output / MODEL_FILE, trust=trust) if (output / MODEL_FILE).is_file() else None
    return FineTuned(model, metadata, metrics, history, output, stopped)
