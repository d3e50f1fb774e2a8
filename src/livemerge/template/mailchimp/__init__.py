"""Mailchimp merge tags, as Mailchimp Marketing and Mailchimp Transactional (Mandrill) have them."""

from __future__ import annotations

from livemerge.template.mailchimp.data import mailchimp_data, mailchimp_moment, mandrill_data
from livemerge.template.mailchimp.functions import MAILCHIMP_FILTERS
from livemerge.template.mailchimp.parser import mailchimp_parser
from livemerge.template.mailchimp.tags import mailchimp_guard, mailchimp_spans

__all__ = [
    "MAILCHIMP_FILTERS",
    "mailchimp_data",
    "mailchimp_guard",
    "mailchimp_moment",
    "mailchimp_parser",
    "mailchimp_spans",
    "mandrill_data",
]
