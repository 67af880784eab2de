-- Which event is the best evidence of each signer's signature, and which one dates it. One row per required signer of a
-- delivery with events of signers.
--
-- key: return_key, cycle_no, signer
-- by: return
-- check: (signature_no is null) = (dating_no is null)
-- check: dating_no is null or dating_no <= signature_no
with signs as (
    select
        return_key,
        cycle_no,
        signer,
        max(event_no) filter (where code = 'signature_seen' and is_theirs) as seen_no,
        min(event_no) filter (where code = 'return_esigned') as all_esigned_no,
        max(event_no) filter (where code = 'efile_esigned' and is_theirs) as esigned_no,
        coalesce(
            max(event_no) filter (where code = 'efile_esigned' and is_implied),
            max(event_no) filter (where code in ('efile_esigned', 'signature_seen'))
        ) as perhaps_esigned_no,
        min(event_no) filter (where code = 'efile_forms_downloaded_by_firm') as picked_up_no,
        max(event_no) filter (where code = 'files_uploaded' and taken_back_event_no = 0) as uploaded_no
    from model.signer_acts
    group by return_key, cycle_no, signer
),
before_pickup as (
    select
        signs.return_key,
        signs.cycle_no,
        signs.signer,
        max(acts.event_no) as their_act_no
    from signs
    join model.signer_acts as acts using (return_key, cycle_no, signer)
    where acts.is_theirs
        and acts.event_no < signs.picked_up_no
        and (
            acts.code = 'kba_passed'
            or (
                acts.code = 'files_uploaded'
                and (acts.taken_back_event_no = 0 or acts.taken_back_event_no > signs.picked_up_no)
            )
        )
    group by signs.return_key, signs.cycle_no, signs.signer
)
select
    signs.return_key,
    signs.cycle_no,
    signs.signer,
    signs.picked_up_no,     -- The firm's first download of the signed forms.
    coalesce(
        signs.seen_no, signs.esigned_no, signs.all_esigned_no, signs.picked_up_no, signs.uploaded_no,
        signs.perhaps_esigned_no
    ) as signature_no,      -- Their e-signature, in a web hook if there, else that of all signers, else the pickup, else the
                            -- last upload not deleted, else an e-signature that names nobody, one that the access before
                            -- implies to be theirs first.
    coalesce(
        signs.seen_no, signs.esigned_no, signs.all_esigned_no, acts.their_act_no, signs.picked_up_no, signs.uploaded_no,
        signs.perhaps_esigned_no
    ) as dating_no          -- The same; for a pickup, their last identity check or upload before it. One that names nobody may be the
                            -- other signer's, so it dates neither.
from signs
left join before_pickup as acts using (return_key, cycle_no, signer)
