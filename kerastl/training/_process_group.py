"""Processes that train one network together: who takes which part of the work, and how they learn of the others' part.

Each process runs the whole program on the same data with the same seed. What takes long is shared: rows of features,
answers, and the rows of each batch. Gradients and statistics of a batch are sums over all processes (Keras's
`DataParallel` on JAX), so that the weights are those that one process comes to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl.errors import RecipeError, TrainingError, UsageError

if TYPE_CHECKING:
    import keras

# Seconds until which all must have come.
_ARRIVAL = 300


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of a run; one alone unless `join` was called.

    Args:
        number: Of this process, from 0.
        size: How many there are.
        devices: How many they have together, each of which takes a part of a batch.
    """

    number: int = 0
    size: int = 1
    devices: int = 1

    @property
    def is_several(self) -> bool:
        """Whether there are others."""
        return self.size > 1

    def part(self, count: int) -> slice:
        """Which of `count` things this process takes: the parts follow one another, and differ by one at most."""
        return slice(self.number * count // self.size, (self.number + 1) * count // self.size)

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Put together the rows that the processes have, in their order.

        Args:
            rows: Of this process, `(n, ...)`; n differs, all else does not. Numbers of 32 bits at most.

        Returns:
            `(all, ...)`, the same in each process.
        """
        if not self.is_several:
            return rows
        from jax.experimental.multihost_utils import process_allgather

        counts = np.asarray(process_allgather(np.int32(len(rows)))).ravel()
        padded = np.zeros((int(counts.max()), *rows.shape[1:]), rows.dtype)
        padded[: len(rows)] = rows
        found = np.asarray(process_allgather(padded))
        return np.concatenate([part[:count] for part, count in zip(found, counts, strict=True)])

    def gather_lines(self, lines: Sequence[str]) -> list[str]:
        """Put together lines of text as `gather` does rows."""
        if not self.is_several:
            return list(lines)
        written = "".join(line.replace("\n", " ") + "\n" for line in lines).encode("utf-8", "surrogateescape")
        found = self.gather(np.frombuffer(written, np.uint8))
        return found.tobytes().decode("utf-8", "surrogateescape").splitlines()

    def broadcast(self, content: bytes) -> bytes:
        """Give all what the first process has."""
        mine = np.frombuffer(content if self.number == 0 else b"", np.uint8)
        return self.gather(mine).tobytes()

    def check_same(self, text: str, what: str) -> None:
        """Raise `UsageError` in all where the processes have not the same.

        Args:
            text: To compare.
            what: It says, at the beginning of a sentence: "the images".
        """
        if len(set(self.gather_lines([text]))) > 1:
            raise UsageError(f"{what} are not the same for all processes: each must find the same files")

    def check_shared(self, batch_size: int) -> None:
        """Raise `RecipeError` where a batch has no equal part for each device of each process."""
        if batch_size % self.devices:
            raise RecipeError(
                f"a batch of {batch_size} images cannot be shared equally by {self.devices} devices: give a batch_size "
                "that is a multiple of that"
            )

    @contextmanager
    def training(self, model: keras.Model) -> Iterator[None]:
        """Have `model.fit` train with all processes while the block runs; each feeds its part of the batches.

        Args:
            model: Compiled, its optimizer built; with the same values everywhere.
        """
        if not self.is_several:
            yield
            return
        import keras

        rows = keras.ops.zeros((1, model.output_shape[-1]))
        model.compute_metrics(None, rows, rows)  # makes their variables, which are to be moved, too
        model.reset_metrics()
        distribution = keras.distribution.DataParallel(
            devices=keras.distribution.list_devices(), auto_shard_dataset=False
        )
        try:
            with distribution.scope():
                for variable in _variables(model):
                    variable._initialize_layout()
                    variable.assign(variable.value)
                yield
        finally:
            for variable in _variables(model):
                value = local(variable.value)
                variable._layout = None  # Keras moves variables to a distribution, but none away from it
                variable.assign(value)

    def predict(self, model: keras.Model, batch_size: int) -> Callable[[np.ndarray], np.ndarray]:
        """Make the function that answers rows in this process alone, also while `training`.

        Args:
            model: In inference mode.
            batch_size: Rows that go through the network at once.

        Returns:
            A function from float32 `(n, ...)` to float32 `(n, outputs)`.
        """
        import jax

        weights = [[local(one.value) for one in kind] for kind in (model.trainable_variables,
                                                                    model.non_trainable_variables)]  # fmt: skip

        @jax.jit
        def answer(trainable: Any, others: Any, rows: Any) -> Any:
            return model.stateless_call(trainable, others, rows, training=False)[0]

        def call(rows: np.ndarray) -> np.ndarray:
            padded = np.zeros((batch_size, *rows.shape[1:]), np.float32)
            padded[: len(rows)] = rows
            return np.asarray(answer(*weights, padded))[: len(rows)]

        return call


def local(value: Any) -> np.ndarray:
    """What this process holds of an array that is the same in all."""
    return np.asarray(value if value.is_fully_addressable else value.addressable_data(0))


def _variables(model: keras.Model) -> list[Any]:
    found = {id(one): one for one in (*model.variables, *model.metrics_variables, *model.optimizer.variables)}
    return list(found.values())


class _Current:
    group = ProcessGroup()


def current() -> ProcessGroup:
    """The processes that this one trains with."""
    return _Current.group


def join(coordinator: str, size: int, number: int, graphics_card: int | None = None) -> ProcessGroup:
    """Meet the other processes, before anything else is done with JAX.

    Args:
        coordinator: Address and port at which the first process is found, `host:port`.
        size: How many there are.
        number: Of this one, from 0.
        graphics_card: The one that this process takes of its host's, where there are any; None takes all.

    Raises:
        TrainingError: They have not come in time.
    """
    import jax

    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    if coordinator.startswith("127.0.0.1:"):
        # Which warns of proxies between hosts, where there is but one.
        logging.getLogger("jax._src.distributed").setLevel(logging.ERROR)
    try:
        jax.distributed.initialize(
            coordinator, size, number, local_device_ids=graphics_card, initialization_timeout=_ARRIVAL
        )
    except RuntimeError as error:
        raise TrainingError(
            f"process {number} of {size} did not meet the others at {coordinator}: {str(error).splitlines()[0][:150]}"
        ) from None
    _Current.group = ProcessGroup(number, size, jax.device_count())
    return _Current.group
