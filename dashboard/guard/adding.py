"""Who may add exports, what the audit trail says of it, and what a session has chosen and not loaded yet.

What somebody chose or pasted is in the memory of that session alone, until it is loaded or the page is left.
After a load that was stopped in its middle it stays, because the rest is to be loaded, or the load undone.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.guard import access, signin
from etl import adding
from etl.access import audit
from etl.adding import Export, Job, Loaded
from etl.status import Problem, served_directory

STATE = "exports to add"
UPLOADS = "/_stcore/upload_file/"


@dataclass
class Adding:
    """The exports of a session with the values that go with them, and the jobs about them so far."""

    exports: list[Export] = field(repr=False)
    values: dict[str, str]
    check: Job
    load: Job | None = None
    undo: Job | None = None

    @property
    def running(self) -> Job | None:
        """The job that is not done."""
        job = self.undo or self.load or self.check
        return None if job.is_done else job

    @property
    def loadable(self) -> list[Export]:
        """The exports of which something would load; the others stay out, and nothing of them is stored."""
        return [
            export
            for export, found in zip(self.exports, self.check.checked, strict=True)
            if not found.refusal and any(not content.refusal for content in found.contents)
        ]

    @property
    def missing(self) -> list[str]:
        """What a load that was stopped has not brought into the store, though it has no fault."""
        if self.load is None or self.load.is_complete or not self.exports:
            return []
        stored = {(one.digest, one.name) for one in self.load.loaded}
        return [
            content.name
            for export, found in zip(self.exports, self.check.checked, strict=True)
            for content in found.contents
            if not content.refusal and (export.digest, content.name) not in stored
        ]

    @property
    def new(self) -> list[Loaded]:
        """The files that an undo takes out of the store."""
        return [one for one in self.load.loaded if one.is_new] if self.load else []


def may_add() -> bool:
    """Whether the reader may add exports: the data owner, unless [access] switches it off."""
    rules = None if access.sign_in() is None else access.rules()
    return rules is None or (rules.add and signin.reader().sees_data_health)


def may_send(request: Request) -> bool:
    """The same for whoever sends a request."""
    try:
        rules = None if access.sign_in() is None else access.rules()
        return rules is None or (rules.add and signin.admit(signin.claims_of(request)).scope.sees_data_health)
    except (signin.NotAdmitted, Problem):
        return False


def is_switched_off() -> bool:
    """Whether [access] says `add = false`."""
    return access.sign_in() is not None and not access.rules().add


def current() -> Adding | None:
    """What this session is adding."""
    found: Adding | None = st.session_state.get(STATE)
    return found


def begin(exports: list[Export], values: dict[str, str]) -> None:
    """Checks exports; what was chosen before is forgotten."""
    record(audit.CHECKED, exports, values)
    st.session_state[STATE] = Adding(exports, values, adding.check(served_directory(), exports, values))


def load(chosen: Adding) -> None:
    """Loads what was checked; what is in the store after a load that was stopped is not loaded twice."""
    exports = chosen.loadable
    record(audit.LOADED, exports, chosen.values)
    chosen.load = adding.load(served_directory(), exports, chosen.values, chosen.load)


def build_again(job: Job) -> None:
    """Builds the tables, which could not be built after a load."""
    directory = served_directory()
    job.start(lambda job: adding.build(directory, job))


def undo(chosen: Adding) -> None:
    """Takes out again what was loaded, or after an undo that was stopped, what is left of it."""
    file_ids = chosen.undo.left if chosen.undo else [one.file_id for one in chosen.new]
    signin.record_act(audit.REMOVED, len(file_ids), {"files": file_ids})
    chosen.undo = adding.remove(served_directory(), file_ids)


def record(act: str, exports: list[Export], values: dict[str, str]) -> None:
    """The files by the start of their hashes, as in the ledger, and the return that was typed."""
    signin.record_act(
        act, len(exports), {"files": [one.digest for one in exports], "for_return": values.get("return_id")}
    )


def forget() -> None:
    """Drops what was chosen."""
    st.session_state.pop(STATE, None)


def leave() -> None:
    """Drops what was chosen when the page is left; a load goes on, and the page shows it later."""
    chosen = current()
    if chosen and (chosen.load is None or (chosen.load.is_done and not chosen.load.loaded)):
        forget()


class Uploads:
    """Refuses a file from anybody who may not add exports, before it is in the server's memory."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: Callable[[Scope, Receive, Send], Awaitable[None]] = self.app
        is_upload = scope["type"] == "http" and scope["method"] == "PUT" and scope["path"].startswith(UPLOADS)
        if is_upload and not await run_in_threadpool(may_send, Request(scope)):
            answer = Response("This is not available for your role.\n", 403, media_type="text/plain")
        await answer(scope, receive, send)
