"""Liquid: text to tree, by the rules of Shopify/liquid 5, of Braze and of Customer.io."""

from livemerge.template.liquid.braze import braze_data, parse_braze
from livemerge.template.liquid.customerio import parse_customerio
from livemerge.template.liquid.parser import parse_liquid
from livemerge.template.liquid.spans import braze_spans, customerio_spans, liquid_guard, liquid_spans

__all__ = [
    "braze_data",
    "braze_spans",
    "customerio_spans",
    "liquid_guard",
    "liquid_spans",
    "parse_braze",
    "parse_customerio",
    "parse_liquid",
]
