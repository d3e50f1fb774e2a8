"""Audience → chunks → eligible? → ledger: sends a campaign, once per customer, and says afterwards what happened."""

from livemerge.campaign.audience import Audience, Mistakes, read_audience
from livemerge.campaign.ledger import Ledger, State, latest_occurrence, list_runs
from livemerge.campaign.mailing import Mailing, make_mailing
from livemerge.campaign.run import DEFAULT_OCCURRENCE, Parts, run_campaign
from livemerge.campaign.send import Progress
from livemerge.campaign.summary import Summary

__all__ = [
    "DEFAULT_OCCURRENCE",
    "Audience",
    "Ledger",
    "Mailing",
    "Mistakes",
    "Parts",
    "Progress",
    "State",
    "Summary",
    "latest_occurrence",
    "list_runs",
    "make_mailing",
    "read_audience",
    "run_campaign",
]
