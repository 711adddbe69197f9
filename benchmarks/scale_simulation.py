"""Simulate how long many machines take for very many images, what they cost, and what holds them up.

    python benchmarks/scale_simulation.py [--images 1e9] [--cpu-ms 20] [--kilobytes 110] [--nodes 1 10 100 1000]

Each machine does one shard (`kerastl classify --shard I/N`): the images whose names' hashes fall to it, part by part.
Machines fail at random; the next one lists the names again up to where it was, and does the part that was under way
anew. `benchmarks/scale.py` measures the constants, and compares this with whole runs.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Work:
    """What is to be done.

    Args:
        images: How many there are.
        cpu: Seconds of a core an image, to read, decode, classify and write it.
        size: Bytes of an image's file.
        part_size: Images a part.
        list_cpu: Seconds a name, to list it and to find out whose it is; every machine goes through all of them.
        images_a_request: How many come with one request: 1 of files, thousands of archives.
        own_list: Whether each machine is given only its own names, and lists no others.
    """

    images: int
    cpu: float
    size: float
    part_size: int = 4096
    list_cpu: float = 4e-6
    images_a_request: float = 1
    own_list: bool = False


@dataclass(frozen=True)
class Machine:
    """A machine.

    Args:
        cores: Its cores.
        start: Seconds until its first image, of a machine that has been started before.
        bandwidth: Bytes a second that it can fetch.
        price: Of an hour.
        hours_between_failures: On average.
        seconds_to_replace: Until another one is there.
    """

    cores: int = 16
    start: float = 2.0
    bandwidth: float = 1.25e9
    price: float = 0.68
    hours_between_failures: float = 500.0
    seconds_to_replace: float = 180.0


@dataclass(frozen=True)
class Store:
    """Where images lie, for all machines together.

    Args:
        bandwidth: Bytes a second.
        requests: A second.
        request_price: Of a request.
    """

    bandwidth: float = 12.5e9
    requests: float = 55_000.0
    request_price: float = 4e-7


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Args:
        seconds: Until the last machine is done.
        limit: What holds the machines up most of the time.
        rate: Images a second of a machine that nothing interrupts.
        again: Images that were done again.
        money: Machines and requests.
    """

    seconds: float
    limit: str
    rate: float
    again: float
    money: float


def rates(work: Work, machine: Machine, store: Store, nodes: int) -> dict[str, float]:
    """Images a second that a machine could do if there were this limit alone."""
    names = 1 if work.own_list else nodes  # of each of its images, that go through its hands
    return {
        "processors": machine.cores / work.cpu,
        "its network": machine.bandwidth / work.size,
        "the store's bandwidth": store.bandwidth / nodes / work.size,
        "the store's requests": store.requests * work.images_a_request / nodes,
        "listing": 1 / (names * work.list_cpu),
    }


def simulate(work: Work, machine: Machine, store: Store, nodes: int, seed: int = 0) -> Outcome:
    """Let each machine do its shard, with the failures that chance has for it."""
    random = np.random.default_rng(seed)
    limits = rates(work, machine, store, nodes)
    limit = min(limits, key=limits.__getitem__)
    rate = limits[limit]
    seconds, again = np.zeros(nodes), 0.0
    for node, images in enumerate(random.multinomial(work.images, np.full(nodes, 1 / nodes))):
        seconds[node], done_again = _shard(int(images), work, machine, rate, limits["listing"], random)
        again += done_again
    money = seconds.sum() / 3600 * machine.price + work.images / work.images_a_request * store.request_price
    return Outcome(float(seconds.max()), limit, rate, again, float(money))


def _shard(
    images: int, work: Work, machine: Machine, rate: float, listing: float, random: np.random.Generator
) -> tuple[float, float]:
    """Seconds of one machine, or of those that take its place, and images that were done again."""
    clock, done, again = machine.start, 0, 0.0
    failure = random.exponential(machine.hours_between_failures * 3600)
    while True:
        end = clock + (images - done) / rate
        if failure > end:
            return end, again
        begun = max(failure - clock, 0.0) * rate
        whole = int(begun // work.part_size) * work.part_size
        done, again = done + whole, again + begun - whole
        clock = failure + machine.seconds_to_replace + machine.start + done / listing
        failure = clock + random.exponential(machine.hours_between_failures * 3600)


def main() -> None:
    """Print a line for each number of machines, with `--shard` over all names and with lists of their own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=float, default=1e9)
    parser.add_argument("--cpu-ms", type=float, default=20.0, help="milliseconds of a core an image")
    parser.add_argument("--kilobytes", type=float, default=110.0, help="of an image's file")
    parser.add_argument("--list-us", type=float, default=4.0, help="microseconds a name")
    parser.add_argument("--images-a-request", type=float, default=1.0, help="thousands where they lie in archives")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 10, 100, 300, 1000])
    parser.add_argument("--price", type=float, default=Machine.price, help="of an hour of a machine")
    parser.add_argument("--cores", type=int, default=Machine.cores)
    arguments = parser.parse_args()
    work = Work(
        int(arguments.images),
        arguments.cpu_ms / 1e3,
        arguments.kilobytes * 1e3,
        list_cpu=arguments.list_us / 1e6,
        images_a_request=arguments.images_a_request,
    )
    machine = Machine(cores=arguments.cores, price=arguments.price)
    print("machines  names         images/s each     hours  done again      cost  held up by")
    for nodes in arguments.nodes:
        for own in (False, True):
            found = simulate(replace(work, own_list=own), machine, Store(), nodes)
            names = "its own" if own else "all of them"
            print(
                f"{nodes:8,}  {names:12} {found.rate:14,.0f} {found.seconds / 3600:9,.1f} "
                f"{found.again:11,.0f} {found.money:9,.0f}  {found.limit}"
            )


if __name__ == "__main__":
    main()
