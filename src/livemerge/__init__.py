"""Live customer data in email, at the moment it is sent.

async with livemerge.Livemerge.open("shop") as shop:
    profile = await shop.profile("c-1001")
    message = await shop.render("welcome.liquid.html", "c-1001")
    summary = await shop.send("campaigns/welcome.toml")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livemerge.app import Livemerge
    from livemerge.clean import clean_data
    from livemerge.errors import AbortCampaign, LivemergeError, SkipRecipient, TemplateError
    from livemerge.template import Template, compile  # noqa: A004  livemerge.compile, as re.compile

__all__ = [
    "AbortCampaign",
    "Livemerge",
    "LivemergeError",
    "SkipRecipient",
    "Template",
    "TemplateError",
    "clean_data",
    "compile",
]
__version__ = "0.1.0"

_HOMES = {
    "Livemerge": "livemerge.app",
    "AbortCampaign": "livemerge.errors",
    "LivemergeError": "livemerge.errors",
    "SkipRecipient": "livemerge.errors",
    "TemplateError": "livemerge.errors",
    "Template": "livemerge.template",
    "clean_data": "livemerge.clean",
    "compile": "livemerge.template",
}


def __getattr__(name: str) -> Any:
    """Public names, found when first used: who only compiles templates loads no database or HTTP client (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'livemerge' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
