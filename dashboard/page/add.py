"""Add exports: files or copied rows are checked, shown, loaded, and taken out again if that was a mistake."""

import streamlit as st
from streamlit import config

from dashboard.draw.found import columns_to_type, draw_found
from dashboard.draw.html import html_lines
from dashboard.draw.return_link import draw_return_link
from dashboard.draw.text import counted
from dashboard.guard import adding
from dashboard.guard.adding import Adding
from etl.adding import Export, Job, Loaded

PASTE, FILES = "Paste from User Tracking", "Choose files"
MOST_PASTED = 1_000_000
MOST_LINKS = 8
SHOWN_LINES = 5
FOR_ONE_FILE = "For one file without a return ID or a tab"
FIELDS = {
    "return_id": ("Return ID", "2025-0001", "As your firm writes it. Every row gets it."),
    "client_name": ("Client (optional)", "Ann Lee", "The client's name, as it is to be in lists."),
    "return_type": ("Form (optional)", "1040", "Such as 1040, 1065 or 1120S."),
    "tax_year": ("Tax year (optional)", "2025", "Due dates and seasons need it."),
}
# What the loader is told of the tab; "" for a text or a file that says it itself.
TABS = {"Client": "Client Tracking", "Internal": "Internal Tracking", "": "Each row says its tab"}
PLACEHOLDER = "Select the rows of one tab in the dialog, copy them (Ctrl+C), and paste them here (Ctrl+V)."
UNDO_MEANS = (
    "The records leave the store, and the tables are built again without them. Nothing else changes: reports "
    "and evidence that were written already stay. To have the records again, add the file again. To remove a "
    "client's data for good and from everywhere, there is a command: returntrail purge."
)


def draw_fields(kind: str, first_tab: int | None) -> dict[str, str]:
    """The fields for what the rows do not say: each column with its value, those that are empty left out."""
    values = {}
    with st.grid(4, min_column_width=165):
        for column, (label, example, help_text) in FIELDS.items():
            values[column] = st.text_input(
                label, max_chars=100, key=f"{kind} {column}", placeholder=f"Such as {example}", help=help_text
            )
    tab = st.radio(
        "Tab that the rows are of",
        list(TABS),
        index=first_tab,
        format_func=TABS.__getitem__,
        key=f"{kind} tab",
        horizontal=True,
    )
    given = {column: (text or "").strip() for column, text in (values | {"tab": tab}).items()}
    return {column: text for column, text in given.items() if text}


def draw_paste() -> None:
    """The form for rows that were copied from the dialog of one return."""
    with st.form("paste", enter_to_submit=False):
        values = draw_fields("paste", None)
        text = st.text_area(
            "Rows copied from User Tracking",
            height=220,
            max_chars=MOST_PASTED,
            placeholder=PLACEHOLDER,
            key="pasted rows",
        )
        is_sent = st.form_submit_button("Check", type="primary")
    if not is_sent:
        return
    needed = {
        "Type the return ID: every row gets it.": "return_id" in values,
        "Choose the tab that you copied from.": st.session_state["paste tab"] is not None,
        "Paste the rows that you copied.": bool((text or "").strip()),
    }
    name = " ".join(["Pasted", values.get("return_id", ""), values.get("tab", "")]).strip()
    begin([Export(f"{name}.txt", (text or "").encode())], values, needed)


def draw_choice(before: Adding | None) -> None:
    """The form for files, with the fields open if a file needs what is typed there."""
    most = config.get_option("server.maxUploadSize")
    with st.form("files", enter_to_submit=False):
        chosen = st.file_uploader(
            "Exports: CSV, text, JSON, Excel or zip", accept_multiple_files=True, key="chosen files"
        )
        st.caption(
            f"Up to {most} MB each. Put larger ones into the inbox folder of the data directory, or load "
            "them with the command."
        )
        checked = [one for found in before.check.checked for one in found.contents] if before else []
        is_needed = any(map(columns_to_type, checked)) or bool(st.session_state.get("files return_id"))
        with st.expander(FOR_ONE_FILE, expanded=is_needed):
            values = draw_fields("files", len(TABS) - 1)
        is_sent = st.form_submit_button("Check", type="primary")
    if is_sent:
        exports = [Export(one.name, one.getvalue()) for one in chosen]
        needed = {
            "Choose a file first.": bool(exports),
            "A return ID is for one file: the returns of several would become one.": "return_id" not in values
            or len(exports) < 2,
        }
        begin(exports, values, needed)


def begin(exports: list[Export], values: dict[str, str], needed: dict[str, bool]) -> None:
    """Begins the check, or says what is needed for it."""
    missing = [sentence for sentence, is_there in needed.items() if not is_there]
    if missing:
        adding.forget()
        st.html(f'<div role="alert" class="rt-bad">{html_lines(missing)}</div>')
        return
    adding.begin(exports, values)
    st.rerun()


@st.fragment(run_every=0.5)
def watch(job: Job) -> None:
    """How far a job is, until it is done."""
    if job.is_done:
        st.rerun()
    steps = "".join(
        f"<li>{'<b>' if number == job.step else ''}{step}{' ...</b>' if number == job.step else ''}</li>"
        for number, step in enumerate(job.steps)
    )
    st.html(f'<div role="status"><ol class="rt-lines">{steps}</ol></div>')
    st.caption("You may use the other pages meanwhile; this one shows the result when you come back.")
    if job.progress:
        st.html(html_lines(job.progress[-SHOWN_LINES:]))


def draw_fault(lines: list[str]) -> None:
    """Why a job has ended too early."""
    st.html(f'<div role="alert" class="rt-bad">{html_lines(lines)}</div>')


def draw_checked(chosen: Adding) -> None:
    """What the check found, and the button that loads it."""
    if chosen.check.problem:
        draw_fault(chosen.check.problem.splitlines())
        if st.button("Try again", type="primary"):
            adding.begin(chosen.exports, chosen.values)
            st.rerun()
        return
    found, loadable = chosen.check.checked, chosen.loadable
    files = f"{len(loadable)} of {counted(len(found), 'file', 'files')}"
    st.header("What was found")
    st.html(f'<p role="status">{files} can be loaded. Nothing is stored yet.</p>')
    with st.container(horizontal=True):
        is_loaded = st.button("Load", type="primary", disabled=not loadable)
        is_dropped = st.button("Discard")
    if is_loaded:
        adding.load(chosen)
        st.rerun()
    if is_dropped:
        adding.forget()
        st.rerun()
    where = "above" if st.session_state["way"] == PASTE else f"above, under “{FOR_ONE_FILE}”"
    for one in found:
        draw_found(one, where, is_alone=len(found) == 1)


def draw_loaded(chosen: Adding, job: Job) -> None:
    """What became of the files: the lines of the command, the returns, and what can be done next."""
    missing = chosen.missing
    st.header("Partly loaded" if missing and job.loaded else "Not loaded" if missing else "Loaded")
    if job.problem or missing:
        draw_fault([*(job.lines if missing else []), *(job.problem or "").splitlines()])
    if missing or not job.lines:
        draw_files("In the store", [f"{one.name}: {records_text(one)}" for one in job.loaded])
        draw_files("Not in the store yet", missing if job.loaded else [])
    else:
        st.html(f'<div role="status">{html_lines(job.lines)}</div>')
    if missing:
        if st.button("Try again", type="primary"):
            adding.load(chosen)
            st.rerun()
    elif job.problem:
        if st.button("Build the tables again", type="primary"):
            adding.build_again(job)
            st.rerun()
    else:
        # They are in the store now, and need no memory.
        chosen.exports = []
    if not job.problem:
        draw_returns(job)
    with st.container(horizontal=True):
        if st.button("Add more"):
            adding.forget()
            st.rerun()
        if chosen.new and st.button("Undo"):
            ask_to_undo(chosen)


def records_text(one: Loaded) -> str:
    return counted(one.record_count, "record", "records")


def draw_files(title: str, lines: list[str]) -> None:
    """Files under what is to be said of them, if there are any."""
    if lines:
        st.html(f'<div role="status"><p class="rt-key">{title}</p>{html_lines(lines)}</div>')


def draw_returns(job: Job) -> None:
    """A link to each return that was loaded, or to the list if there are many."""
    returns = dict.fromkeys(found for one in job.loaded for found in one.returns)
    if len(returns) > MOST_LINKS:
        st.page_link("page/returns.py", label="See the list of returns")
        return
    for firm_id, return_id in returns:
        draw_return_link({"firm_id": firm_id, "return_id": return_id}, ["Open the return", return_id])


@st.dialog("Undo this load?")
def ask_to_undo(chosen: Adding) -> None:
    """What an undo means, and whether it is wanted."""
    st.html(html_lines([f"{one.name}: {records_text(one)}" for one in chosen.new]))
    st.text(UNDO_MEANS)
    with st.container(horizontal=True):
        if st.button("Take out", type="primary"):
            adding.undo(chosen)
            st.rerun()
        if st.button("Keep"):
            st.rerun()


def draw_undone(chosen: Adding, job: Job) -> None:
    """What was taken out, and what is left if the undo was stopped."""
    st.header("Not finished" if job.problem else "Taken out")
    if job.problem:
        draw_fault(job.problem.splitlines())
        if st.button("Try again" if job.left else "Build the tables again", type="primary"):
            adding.undo(chosen)
            st.rerun()
    else:
        chosen.exports = []
    gone = [one for one in chosen.new if one.file_id not in job.left]
    lines = [f"{one.name}: removed, {records_text(one)}." for one in gone]
    st.html(f'<div role="status">{html_lines(lines)}</div>')
    draw_files("Still in the store", [one.name for one in chosen.new if one not in gone])
    if st.button("Add more"):
        adding.forget()
        st.rerun()


def draw_forms(chosen: Adding | None) -> None:
    """The two ways in, and below them what the check of the last one found."""
    st.text("Nothing is stored until you click Load. First you see how the files would be read.")
    way = st.segmented_control(
        "Way", [PASTE, FILES], default=PASTE, required=True, key="way", label_visibility="collapsed"
    )
    draw_paste() if way == PASTE else draw_choice(chosen)
    # A form that lacks something has forgotten what was checked before.
    chosen = adding.current()
    if chosen:
        watch(chosen.check) if chosen.running else draw_checked(chosen)


st.title("Add exports")
chosen = adding.current()
if chosen is None or chosen.load is None:
    draw_forms(chosen)
elif chosen.running:
    watch(chosen.running)
elif chosen.undo:
    draw_undone(chosen, chosen.undo)
else:
    draw_loaded(chosen, chosen.load)
