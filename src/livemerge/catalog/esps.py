"""What is known of the services that ask while they render: how long they wait, and what their language does.

The deadlines are ours, below those of the services: the network takes its part, and some retry within theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DEFAULT_DEADLINE_S: Final = 0.15  # for who named no service; 200 ms then hold with the network


@dataclass(frozen=True, slots=True)
class Esp:
    """One service's habits."""

    name: str
    title: str
    deadline_s: float  # for the data of one answer
    escapes_html: bool = False  # its language escapes what it prints, so answers must not
    stops_at_refusals: bool = False  # a 400 or 404 for one customer ends the sending to all


ESPS: Final[Mapping[str, Esp]] = {
    esp.name: esp
    for esp in (
        Esp("ajo", "Adobe Journey Optimizer", 0.6),  # past 0.75 s it moves the endpoint to a slow lane
        Esp("ajo-helper", "Adobe Journey Optimizer, externalDataLookup", 0.2),  # gives 0.3 s
        Esp("bloomreach", "Bloomreach Engagement", 0.6, stops_at_refusals=True),  # gives 1 s
        Esp("blueshift", "Blueshift", 0.35),  # gives 0.5 s, network included; then skips the customer
        Esp("braze", "Braze", 1.5),  # gives 2 s
        Esp("brevo", "Brevo", 5.0),
        Esp("campaign", "Adobe Campaign Classic", 5.0),
        Esp("clevertap", "CleverTap", 5.0),
        Esp("customerio", "Customer.io", 3.0),  # gives 4 s, then asks again
        Esp("dotdigital", "Dotdigital", 5.0),
        Esp("getresponse", "GetResponse", 3.0),  # gives 4 s, then prints the address
        Esp("hubspot", "HubSpot", 5.0),  # its custom code has 20 s
        Esp("iterable", "Iterable", 5.0, escapes_html=True),  # gives 10 s
        Esp("klaviyo", "Klaviyo", 3.0),  # gives 5 s every quarter of an hour
        Esp("moengage", "MoEngage", 5.0),
        Esp("onesignal", "OneSignal", 5.0),
        Esp("sfmc", "Salesforce Marketing Cloud", 5.0),
    )
}


def stops_at_refusals(esp: str) -> bool:
    """Whether a service, which may be one nobody knows, takes the refusal of one customer as the end for all."""
    known = ESPS.get(esp)
    return known is not None and known.stops_at_refusals


def deadline_s_of(esp: str) -> float:
    """How long an answer's data may take for a service; for none, or one nobody knows, the default."""
    known = ESPS.get(esp)
    return known.deadline_s if known else DEFAULT_DEADLINE_S
