"""Rules by pattern: which learning rate, weight decay or none each variable has. No Keras in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kerastl._base.text import listed
from kerastl.errors import RecipeError
from kerastl.training._values import is_number


@dataclass(frozen=True)
class Rule:
    """What a phase does with the variables that a pattern names.

    Args:
        pattern: Shell patterns (`*`, `?`, `[...]`) with `|` between them. One that matches a variable's path
            (`block_13_expand/kernel`), the path with its stage before it (`block_13/block_13_expand/kernel`), the
            stage or the layer, matches the variable; `*` goes across slashes. Upper and lower case differ.
        rate: Fraction of the phase's learning rate; 0 freezes the variable.
        weight_decay: Instead of the phase's; None keeps that, which leaves out biases and normalization.

    Example:
        >>> from kerastl.finetuning import Rule
        >>> rules = (Rule("stem", rate=0.0), Rule("*/bias|*/gamma", weight_decay=0.0), Rule("*", rate=0.1))
        >>> rules[1].matches(["stage1_conv/bias"]), rules[1].matches(["stage1_conv/kernel"])
        (True, False)
    """

    pattern: str
    rate: float = 1.0
    weight_decay: float | None = None

    def __post_init__(self) -> None:
        checks = {
            "pattern must be a text that is not empty": isinstance(self.pattern, str) and self.pattern != "",
            "rate must be zero or more": is_number(self.rate) and self.rate >= 0,
            "weight_decay must be zero or more, or None": (
                self.weight_decay is None or (is_number(self.weight_decay) and self.weight_decay >= 0)
            ),
        }
        for rule, holds in checks.items():
            if not holds:
                field = rule.split(" ", 1)[0]
                raise RecipeError(f"a rule's {rule}. Received: {field}={getattr(self, field)!r}")

    def matches(self, names: Sequence[str]) -> bool:
        """Return whether the pattern matches one of these names."""
        return any(fnmatchcase(name, part) for part in self.pattern.split("|") for name in names)


def assign_rules(rules: Sequence[Rule], variables: Mapping[str, Sequence[str]]) -> dict[str, Rule]:
    """Give each variable the first rule that matches it.

    Args:
        rules: In the order in which they are tried; none is one that matches all.
        variables: Path of each variable to its names.

    Raises:
        RecipeError: A variable is not covered.
    """
    if not rules:
        rules = (Rule("*"),)
    found = {path: next((rule for rule in rules if rule.matches(names)), None) for path, names in variables.items()}
    if lost := [path for path, rule in found.items() if rule is None]:
        raise RecipeError(f"no rule covers {listed(lost)}: end the rules with one for '*'")
    return {path: rule for path, rule in found.items() if rule is not None}


def check_used(rules: Sequence[Rule], variables: Mapping[str, Sequence[str]]) -> None:
    """Refuse a rule that matches no variable of the network, which is most likely misspelled.

    Raises:
        RecipeError: There is one; the message names it.
    """
    for rule in rules:
        if not any(rule.matches(names) for names in variables.values()):
            raise RecipeError(f"the rule for {rule.pattern!r} matches no variable of the network")
