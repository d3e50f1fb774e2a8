"""Liquid: text to tree, by the rules of Shopify/liquid 5."""

from livemerge.template.liquid.parser import parse_liquid
from livemerge.template.liquid.spans import liquid_guard, liquid_spans

__all__ = ["liquid_guard", "liquid_spans", "parse_liquid"]
