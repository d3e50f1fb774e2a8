"""Puts the console into an application, behind its gate."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from nicegui import ui

from livemerge.app import Livemerge
from livemerge.console.gate import Gate
from livemerge.console.preview_page import PreviewPage, Surroundings

MOUNT_PATH: Final = "/console"


def mount_console(
    app: FastAPI,
    project: Livemerge,
    *,
    token: str,
    inbox_url: str = "",
    transport: str = "",
    title: str = "Livemerge",
) -> None:
    """Serves the console of a project under /console, to whoever has the token: `/console?token=…` opens it.

    One console per process: NiceGUI keeps its pages in one application. `transport` names what tests are sent by;
    empty: the campaign's own. Call it before the application starts.
    """
    around = Surroundings(project, inbox_url, transport, title)

    @ui.page("/", title=f"Preview · {title}")
    async def preview() -> None:
        await PreviewPage(around).build()

    ui.run_with(app, mount_path=MOUNT_PATH, title=title, dark=False, language="en-US", show_welcome_message=False)
    app.add_middleware(Gate, path=MOUNT_PATH, token=token)
