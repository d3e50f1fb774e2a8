"""Live customer data in email, at the moment it is sent.

    async with livemerge.Livemerge.open("shop") as shop:
        profile = await shop.profile("c-1001")
        message = await shop.render("welcome.liquid.html", "c-1001")
        summary = await shop.send("campaigns/welcome.toml")
"""

from livemerge.app import Livemerge
from livemerge.errors import AbortCampaign, LivemergeError, SkipRecipient, TemplateError
from livemerge.template import Template, compile

__all__ = ["AbortCampaign", "Livemerge", "LivemergeError", "SkipRecipient", "Template", "TemplateError", "compile"]
__version__ = "0.1.0"
