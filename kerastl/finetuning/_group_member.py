"""One of several processes that fine-tune together.

Each runs the whole of `kerastl.finetune`; the first in the run folder, the others in a folder of their own that is gone
afterwards, so that one process writes and all of them know the same.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import threading
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.scratch import temporary_folder
from kerastl.errors import KerastlError, TrainingError

if TYPE_CHECKING:
    from kerastl.training._process_group import ProcessGroup

# What a run folder may hold for the other processes: states hold the weights twice, and the optimizer.
_MOST_BYTES = 1 << 36


def take_part() -> None:
    """Do what the parent asks for, whose file standard input names (called in the child)."""
    from kerastl.finetuning._several_processes import ANSWER

    number, folder = pickle.load(sys.stdin.buffer)  # noqa: S301 - the parent's
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    os.environ["KERAS_BACKEND"] = "jax"
    answer: tuple[bool, Any]
    try:
        answer = True, _finetune(number, Path(folder))
    except KerastlError as error:
        answer = False, error
    except Exception as error:  # a connection that broke, more often than not
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        answer = False, TrainingError(f"process {number} broke off ({reason}); --resume goes on after the last epoch")
    file = Path(folder, ANSWER.format(number))
    written = file.with_suffix(".new")
    written.write_bytes(pickle.dumps(answer))
    written.replace(file)
    if not answer[0]:
        os._exit(1)  # without waiting for the others, which may wait for this one


def _end_with_the_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # not through the buffer, whose lock the interpreter wants when it ends
    os._exit(1)


def _finetune(number: int, folder: Path) -> tuple[Any, ...]:
    from kerastl.finetuning._several_processes import CALL
    from kerastl.training._process_group import join

    arguments, count, coordinator, all_here = pickle.loads((folder / CALL).read_bytes())  # noqa: S301 - the parent's
    group = join(coordinator, count, number, number if all_here else None)
    from kerastl.finetuning._finetune import finetune

    with ExitStack() as stack:
        if number:
            own = stack.enter_context(temporary_folder()) / "run"
            arguments = {**arguments, "output": own, "overwrite": False, "verbose": 0}
        if arguments.get("resume"):
            _share_state(group, arguments["output"])
        result = finetune(**arguments)
    import jax

    jax.distributed.shutdown()
    return result.metadata, result.metrics, result.history, result.stopped


def _share_state(group: ProcessGroup, folder: Path) -> None:
    """Give all processes what the first finds of the run, but for its features, which they compute together."""
    content = io.BytesIO()
    if group.number == 0:
        with zipfile.ZipFile(content, "w") as packed:
            for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
                inside = file.relative_to(folder)
                if file.is_file() and not file.is_symlink() and inside.parts[0] != "features":
                    packed.write(file, inside)
    received = group.broadcast(content.getvalue())
    if group.number == 0:
        return
    with zipfile.ZipFile(io.BytesIO(received)) as packed:
        if sum(each.file_size for each in packed.infolist()) > _MOST_BYTES:
            raise TrainingError("the first process sends more than a run can hold")
        packed.extractall(folder)  # leaves out what would lie elsewhere
