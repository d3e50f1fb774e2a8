"""What can be previewed: a campaign with the first of its audience, or a template with any customer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from livemerge import config
from livemerge.app import NOBODY, Livemerge, Preview
from livemerge.campaign import Mistakes, read_audience
from livemerge.errors import LivemergeError
from livemerge.resolve import Fault
from livemerge.template import Read
from livemerge.values import Key

MAX_LISTED: Final = 200  # customers to choose from; any other can be typed
SLOW_S: Final = 2.0
FAULTS: Final = {"normal": None, "slow": Fault(delay_s=SLOW_S), "off": Fault(is_down=True)}


@dataclass(frozen=True, slots=True)
class Sample:
    """A message to look at. `campaign` is None for a template on its own."""

    name: str
    template: str
    campaign: config.Campaign | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A preview, with what it was made by."""

    preview: Preview
    reads: tuple[Read, ...]  # of the HTML part
    plan: str
    sources: tuple[str, ...]
    took_s: float


def samples(project: Livemerge) -> dict[str, Sample]:
    """By file: the campaigns that can be read, then the templates."""
    found: dict[str, Sample] = {}
    for path in project.campaign_files():
        try:
            campaign = project.campaign(path)
        except LivemergeError:
            continue  # `livemerge check` says what is wrong with it
        name = _relative(path, project)
        found[name] = Sample(name, campaign.template, campaign)
    for path in project.template_files():
        name = _relative(path, project)
        found[name] = Sample(name, name, None)
    return found


def customers(project: Livemerge, sample: Sample | None) -> dict[Key, str]:
    """The first customers of the sample's audience: key → address. Raises LivemergeError."""
    if sample is None or sample.campaign is None:
        return {}
    audience = read_audience(sample.campaign.audience, project.settings.root, project.settings.source)
    members = islice(audience.members(Mistakes()), MAX_LISTED)
    return {member.key: member.address for member in members}


async def show(project: Livemerge, sample: Sample, key: Key, address: str, faults: dict[str, Fault]) -> Shown:
    """The message this customer would get now. Raises LivemergeError."""
    started_s = project.clock.monotonic_s()
    preview = await project.preview(
        sample.template, key, address=address or NOBODY, campaign=sample.campaign, faults=faults
    )
    took_s = project.clock.monotonic_s() - started_s
    mailing, _ = project.mailing(sample.template, sample.campaign)
    reads = tuple(read for read in mailing.template.reads if read.part == "html")
    return Shown(preview, reads, str(mailing.plan), tuple(sorted(mailing.plan.sources())), took_s)


def _relative(path: Path, project: Livemerge) -> str:
    return path.relative_to(project.settings.root).as_posix()
