"""The three tables as a user of pandas makes them: frames in memory, groups, one Parquet file a table."""

from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.peers.words import FACTS, FIRM_ZONE, HEADINGS, OF_EVENTS, TIME_FORMAT, catalogue

DELIVERY = ["return_id", "cycle_no"]


def make(files: list[Path], folder: Path) -> None:
    """The tables, as Parquet files."""
    log = pd.concat([read(file) for file in files], ignore_index=True)
    returns = log.drop_duplicates("return_id")[["return_id", *FACTS]]
    events = make_events(log[list(OF_EVENTS)].drop_duplicates())
    made = {
        "events": events,
        "messages": make_messages(events, returns),
        "deliveries": make_deliveries(events, returns),
    }
    for name, table in made.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


def read(file: Path) -> pd.DataFrame:
    """A file with our names and times in UTC. A label is the word null, so only empty cells are missing."""
    log = pd.read_csv(file, usecols=list(HEADINGS.values()), dtype=str, keep_default_na=False, na_values=[""])
    log = log.rename(columns={heading: name for name, heading in HEADINGS.items()})
    log["event_at"] = in_utc(pd.to_datetime(log["event_at"], format=TIME_FORMAT))
    log["tab"] = log["tab"].str.split(" ", n=1).str[0]
    log["tax_year"] = log["tax_year"].astype(int)
    return log


def in_utc(times: pd.Series) -> pd.Series:
    return times.dt.tz_localize(FIRM_ZONE).dt.tz_convert("UTC").dt.tz_localize(None)


def make_events(once: pd.DataFrame) -> pd.DataFrame:
    """Each event with its code and delivery, in the order of time."""
    labels = pd.DataFrame(catalogue(), columns=["tab", "words", "logged_status", "code", "recipient"])
    words = once["label"].str.replace("\N{NO-BREAK SPACE}", " ").str.replace("“", '"')
    words = words.str.split('"', n=1).str[0].str.strip().str.lower()
    events = once.assign(words=words, logged_status=once["status"].fillna(""))
    events = events.merge(labels, on=["tab", "words", "logged_status"], how="left")
    events = events.drop(columns=["words", "logged_status"]).fillna({"code": "unclassified"})
    events = events.sort_values("event_at", ignore_index=True)
    is_delivery = events["code"].str.startswith("delivered")
    turns = events[is_delivery | events["code"].isin(["return_recalled", "return_reprocessed"])]
    turns = turns.assign(deliveries=is_delivery[turns.index].groupby(turns["return_id"]).cumsum())
    turns = turns[~is_delivery[turns.index]]
    before = turns.groupby(["return_id", "code"])[["event_at", "deliveries"]].shift()
    is_soon = turns["event_at"] <= before["event_at"] + pd.Timedelta(minutes=10)
    is_repeat = is_soon & (turns["deliveries"] == before["deliveries"])
    events["is_repeat"] = is_repeat.reindex(events.index, fill_value=False)
    recalls = turns.loc[~is_repeat & (turns["code"] == "return_recalled"), ["return_id", "event_at"]]
    recalls["recall_no"] = recalls.groupby("return_id").cumcount() + 1
    events = pd.merge_asof(events, recalls, on="event_at", by="return_id", allow_exact_matches=False)
    is_copy = events["is_repeat"] & (events["code"] == "return_recalled")
    events["cycle_no"] = events.pop("recall_no").fillna(0).astype(int) + 1 - is_copy
    return events.sort_values(["return_id", "event_at"], ignore_index=True)


def make_messages(events: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """Each email with the first time of every status, and the status it was left in."""
    mail = events[events["code"].str.contains("_email_", regex=False)]
    parts = mail["code"].str.split("_email_")
    mail = mail.assign(kind=parts.str[0].replace("code", "access_code"), mail_status=parts.str[1])
    sender = ["return_id", "kind", "recipient"]
    is_sent = mail["mail_status"] == "processed"
    mail["message"] = is_sent.groupby([mail[name] for name in sender]).cumsum()
    message = [*sender, "message"]

    def times(*statuses: str) -> pd.core.groupby.SeriesGroupBy:
        return mail[mail["mail_status"].isin(statuses)].groupby(message)["event_at"]

    made = mail.groupby(message).agg(
        cycle_no=("cycle_no", "min"),
        recipient_email=("recipient_email", "first"),
        first_at=("event_at", "min"),
    )
    made["processed_at"], made["delivered_at"] = times("processed").min(), times("delivered").min()
    made["opened_at"], made["bounced_at"] = times("opened").min(), times("bounced").min()
    bounced, arrived = times("bounced").max(), times("delivered", "opened").max().reindex(made.index)
    is_bounced = bounced.reindex(made.index).gt(arrived.fillna(pd.Timestamp.min))
    is_late = made["processed_at"] < events["event_at"].max() - pd.Timedelta(hours=24)
    made["state"] = np.select(
        [is_bounced, made["opened_at"].notna(), made["delivered_at"].notna(), is_late],
        ["bounced", "opened", "delivered", "unconfirmed"],
        "processed",
    )
    made = made.reset_index().sort_values(["return_id", "first_at"])
    made["message_no"] = made.groupby("return_id").cumcount() + 1
    return made.drop(columns=["message", "first_at"]).merge(returns, on="return_id")


def make_deliveries(events: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """Each delivery with the times of what happened in it, and how far it has got."""

    def times(code: str) -> pd.core.groupby.SeriesGroupBy:
        return events[events["code"] == code].groupby(DELIVERY)["event_at"]

    starts = events[events["code"].str.startswith("delivered")].groupby(DELIVERY)
    made = starts.agg(delivered_at=("event_at", "min"), delivered_by=("actor", "first"))
    firsts = {
        "email_processed_at": "initial_email_processed",
        "email_delivered_at": "initial_email_delivered",
        "email_opened_at": "initial_email_opened",
        "email_bounced_at": "initial_email_bounced",
        "link_selected_at": "link_selected",
        "accessed_at": "return_accessed",
        "locked_at": "access_locked",
        "kba_passed_at": "kba_passed",
        "picked_up_at": "efile_forms_downloaded_by_firm",
    }
    for name, code in firsts.items():
        made[name] = times(code).min()
    made["last_accessed_at"] = times("return_accessed").max()
    made["last_picked_up_at"] = times("efile_forms_downloaded_by_firm").max()
    made["authentication_failures"] = times("authentication_failed").size()
    made["uploaded_at"] = times("files_uploaded").max()
    deleted_at = times("uploads_deleted").max().reindex(made.index)
    made["uploaded_at"] = made["uploaded_at"].mask(deleted_at > made["uploaded_at"])
    recalls = events[(events["code"] == "return_recalled") & ~events["is_repeat"]]
    made["recalled_at"] = recalls.groupby(DELIVERY)["event_at"].min()
    made = made.fillna({"authentication_failures": 0}).reset_index().merge(returns, on="return_id")
    is_known = {
        8: made["picked_up_at"].notna(),
        7: made["uploaded_at"].notna(),
        6: made["kba_passed_at"].notna() & made["return_type"].str.startswith("1040"),
        5: made["accessed_at"].notna(),
        4: made["link_selected_at"].notna(),
        3: made["email_opened_at"].notna(),
        2: made["email_delivered_at"].notna(),
    }
    made["furthest_step_no"] = np.select(list(is_known.values()), list(is_known), 1)
    made["signed_basis"] = np.select([is_known[8], is_known[7]], ["picked_up", "uploaded"], None)
    return made
