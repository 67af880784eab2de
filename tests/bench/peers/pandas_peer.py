"""The two answers as users of pandas make them: frames in memory, groups, cumulated counts."""

from pathlib import Path

import pandas as pd

from tests.bench.peers.words import CODES, COLUMNS, STEPS, TIME_FORMAT, Funnel, Weeks


def read(files: list[Path], _folder: Path) -> pd.DataFrame:
    """The exports as one frame with real times."""
    # A label of the log is the word null, so nothing but an empty cell may be read as missing.
    frames = [pd.read_csv(file, usecols=list(COLUMNS), dtype=str, keep_default_na=False) for file in files]
    log = pd.concat(frames, ignore_index=True)
    log["at"] = pd.to_datetime(log.pop("Date/Time"), format=TIME_FORMAT)
    return log


def prepare(log: pd.DataFrame) -> pd.DataFrame:
    """Each event once, under its code, in the order of time; only what the answers need."""
    log = log.drop_duplicates()
    words = (
        log["Event"].str.replace("\N{NO-BREAK SPACE}", " ").str.replace("\N{LEFT DOUBLE QUOTATION MARK}", '"')
    )
    words = words.str.split('"', n=1).str[0].str.strip().str.lower()
    codes = pd.DataFrame(
        [(*key, code) for key, code in CODES.items()], columns=["Tab", "words", "Status", "code"]
    )
    events = log.assign(words=words).merge(codes, on=["Tab", "words", "Status"])
    events = events[["Return ID", "Return Type", "code", "at"]].sort_values(
        ["Return ID", "at"], ignore_index=True
    )
    return events.astype({"Return ID": "category", "Return Type": "category", "code": "category"})


def funnel(events: pd.DataFrame) -> Funnel:
    """The first time of each code in each delivery, then the furthest step."""
    recalls = events["code"] == "recalled"
    events = events.assign(cycle=recalls.groupby(events["Return ID"], observed=True).cumsum() - recalls)
    groups = events.groupby(["Return ID", "Return Type", "cycle", "code"], observed=True)["at"]
    first, last = groups.min().unstack("code"), groups.max().unstack("code")
    first = first[first["delivered"].notna() & first["recalled"].isna()]
    last = last.loc[first.index]
    signed = first["picked up"].notna() | (
        last["uploaded"].notna() & ~(last["upload deleted"] > last["uploaded"]).fillna(False)
    )
    is_eligible = first.index.get_level_values("Return Type").str.startswith("1040")
    logged = pd.DataFrame(
        {
            "delivered": True,
            "email delivered": first[["taxpayer email delivered", "spouse email delivered"]]
            .notna()
            .any(axis=1),
            "email opened": first[["taxpayer email opened", "spouse email opened"]].notna().any(axis=1),
            "link selected": first["link selected"].notna(),
            "accessed": first["accessed"].notna(),
            "KBA passed": first["KBA passed"].notna() & is_eligible,
            "signed": signed,
            "picked up": first["picked up"].notna(),
        }
    )
    furthest = pd.DataFrame({step: logged[step] * place for place, step in enumerate(STEPS, 1)}).max(axis=1)
    rows = []
    for place, step in enumerate(STEPS, 1):
        applies = is_eligible if step == "KBA passed" else pd.Series(True, index=logged.index)
        rows.append(
            (step, int(applies.sum()), int(logged[step].sum()), int((applies & (furthest >= place)).sum()))
        )
    return rows


def bounces(events: pd.DataFrame) -> Weeks:
    """Each email with its last status, by the Monday of its week."""
    mail = events[events["code"].astype(str).str.contains(" email ")]
    signer, status = (mail["code"].astype(str).str.split(" email ").str[part] for part in (0, 1))
    mail = mail.assign(signer=signer, status=status)
    processed = mail["status"] == "processed"
    mail = mail.assign(message=processed.groupby([mail["Return ID"], mail["signer"]], observed=True).cumsum())
    groups = mail.groupby(["Return ID", "signer", "message"], observed=True)
    messages = groups.agg(sent=("at", "first"), first=("status", "first"), verdict=("status", "last"))
    messages = messages[messages["first"] == "processed"]
    week = messages["sent"].dt.to_period("W").dt.start_time.dt.strftime("%Y-%m-%d")
    bounced = (messages["verdict"] == "bounced").groupby(week).agg(["size", "sum"])
    return [(monday, int(sent), int(back)) for monday, sent, back in bounced.itertuples()]
