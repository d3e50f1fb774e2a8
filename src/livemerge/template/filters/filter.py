"""What a filter is: a plain function, and what may be given to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

from livemerge.template.runtime import size_of


@dataclass(frozen=True, slots=True)
class Short:
    """What a filter gives for the commonest values, as Python: done on the spot, without a call.

    `test` says whether a value is such a one; `{named}` gives it the name `{name}` where it is looked at. `arguments`:
    with how many of them, each standing in the template.
    """

    gives: str
    test: str = "type({named}) is str"
    arguments: tuple[int, ...] = (0,)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter and what may be given to it, beside the value it is applied to."""

    call: Callable[..., Any]
    least: int  # positional arguments
    most: int
    options: frozenset[str]  # named arguments
    takes_context: bool
    has_effects: bool = False  # calling it changes what later calls give
    shares_scope: bool = False  # it reads or sets variables by their names
    includes: bool = False  # its value is the name of another template, which it writes
    fetches: bool = False  # it asks `context.fetch` for the URL that is its value
    gives: str = ""  # `boolean` or `number` where it gives nothing else
    short: Short | None = None  # what generated code does without calling it
    work: Callable[[Any], int] | None = size_of  # of each value it is given, in units; None: hardly any for any value


def make_filter(call: Callable[..., Any], work: Callable[[Any], int] | None = size_of) -> Filter:
    """A function's arity, read from its signature: `context` first, then the value, options after the star."""
    parameters = list(signature(call).parameters.values())
    takes_context = parameters[0].name == "context"
    given = parameters[2 if takes_context else 1 :]
    positional = [each for each in given if each.kind is Parameter.POSITIONAL_OR_KEYWORD]
    return Filter(
        call,
        sum(each.default is Parameter.empty for each in positional),
        len(positional),
        frozenset(each.name for each in given if each.kind is Parameter.KEYWORD_ONLY),
        takes_context,
        work=work,
    )
