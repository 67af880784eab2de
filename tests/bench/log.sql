-- An invented log of one firm in the form of its exports: returns, the acts that a return may have, and the lines of the
-- log in order of time. Needs the variables `returns` and `seed`; equal values give equal lines.
create macro dice(number, what) as (hash(number, what, getvariable('seed')) % 1000003) / 1000003.0;

-- One row per act, in the order in which they happen. `reach` is the step that a delivery must reach for it, `needs` another
-- condition; then it happens with the probability `chance`. `hours` counts from the upload.
create table acts as
select *, coalesce(lead(hours) over (order by act_no) - hours, 1) * 0.4 as spread
from (values
    (1, 'Internal', 'Upload', '', 'preparer', 0, 1, 'first', 1.0),
    (2, 'Internal', 'Save & Close', '', 'preparer', 2, 1, '', 0.62),
    (3, 'Internal', 'Sent for Review', '', 'preparer', 9, 1, '', 0.78),
    (4, 'Internal', 'Save & Close', '', 'preparer', 12, 1, '', 0.5),
    (5, 'Internal', 'Save & Close', '', 'preparer', 20, 1, '', 0.5),
    (6, 'Internal', 'Sent for ERO/Signer', '', 'preparer', 30, 1, '', 0.66),
    (7, 'Internal', 'Sent for Approve for Delivery', '', 'ero', 38, 1, '', 0.38),
    (8, 'Internal', 'Download PDF', '', 'preparer', 44, 1, '', 0.45),
    (9, 'Internal', 'Deliver to Client', '', 'partner', 50, 2, 'single', 1.0),
    (10, 'Internal', 'Deliver to Taxpayer/Spouse', '', 'partner', 50.1, 2, 'joint', 1.0),
    (11, 'Internal', 'Deliver to Company/Client', '', 'partner', 50.2, 2, 'entity', 1.0),
    (12, 'Client', 'Taxpayer: Initial Email', 'Processed', '', 50.3, 2, '', 1.0),
    (13, 'Client', 'Taxpayer: Initial Email', 'Bounced', '', 50.32, 2, 'bounced', 1.0),
    (14, 'Client', 'Taxpayer: Initial Email', 'Processed', '', 74, 3, 'bounced', 1.0),
    (15, 'Client', 'Taxpayer: Initial Email', 'Delivered', '', 74.05, 3, '', 0.99),
    (16, 'Client', 'Spouse: Initial Email', 'Processed', '', 74.1, 3, 'joint', 1.0),
    (17, 'Client', 'Spouse: Initial Email', 'Delivered', '', 74.15, 3, 'joint', 0.99),
    (18, 'Client', 'Taxpayer: Initial Email', 'Open', '', 80, 4, '', 0.95),
    (19, 'Client', 'Access Link selected', '', '', 80.2, 4, '', 1.0),
    (20, 'Client', 'Taxpayer: Access Code Email', 'Processed', '', 80.3, 4, '', 0.7),
    (21, 'Client', 'Taxpayer: Access Code Email', 'Delivered', '', 80.32, 4, '', 0.7),
    (22, 'Client', 'Taxpayer: Access Code Email', 'Open', '', 80.36, 4, '', 0.6),
    (23, 'Client', 'Authentication Failed', '', '', 80.4, 4, '', 0.1),
    (24, 'Client', 'Access Locked', '', '', 80.45, 4, '', 0.02),
    (25, 'Client', 'Taxpayer: Tax Return Accessed', '', '', 80.6, 5, '', 1.0),
    (26, 'Client', 'Document "{file} instructions.pdf"', '', '', 80.8, 5, '', 0.8),
    (27, 'Client', 'Document "{file} federal.pdf"', '', '', 81, 5, '', 0.8),
    (28, 'Client', 'Document "{file} state.pdf"', '', '', 81.2, 5, '', 0.6),
    (29, 'Client', 'Access Link selected', '', '', 100, 5, '', 0.6),
    (30, 'Client', 'Taxpayer: Access Code Email', 'Processed', '', 100.1, 5, '', 0.5),
    (31, 'Client', 'Taxpayer: Access Code Email', 'Delivered', '', 100.12, 5, '', 0.5),
    (32, 'Client', 'Taxpayer: Access Code Email', 'Open', '', 100.16, 5, '', 0.4),
    (33, 'Client', 'Taxpayer: Tax Return Accessed', '', '', 100.4, 5, '', 0.6),
    (34, 'Client', 'Document "{file} vouchers.pdf"', '', '', 101, 5, '', 0.5),
    (35, 'Client', 'Document "{file} invoice.pdf"', '', '', 101.2, 5, '', 0.4),
    (36, 'Client', 'Reminder Send For Signing', '', '', 120, 5, '', 0.4),
    (37, 'Client', 'Document KBA Success', '', '', 130, 6, 'individual', 1.0),
    (38, 'Client', 'Document "{file} authorization.pdf"', '', '', 131, 6, '', 0.5),
    (39, 'Client', 'Spouse: Initial Email', 'Open', '', 140, 6, 'joint', 0.95),
    (40, 'Client', 'Access Link selected', '', '', 140.2, 6, 'joint', 1.0),
    (41, 'Client', 'Spouse: Access Code Email', 'Processed', '', 140.3, 6, 'joint', 0.7),
    (42, 'Client', 'Spouse: Access Code Email', 'Delivered', '', 140.32, 6, 'joint', 0.7),
    (43, 'Client', 'Spouse: Access Code Email', 'Open', '', 140.36, 6, 'joint', 0.6),
    (44, 'Client', 'Spouse: Tax Return Accessed', '', '', 140.6, 6, 'joint', 1.0),
    (45, 'Client', 'Document KBA Success', '', '', 142, 6, 'joint', 0.95),
    (46, 'Client', 'Taxpayer: Taxpayer Esigned - Other Signature Documents', '', '', 143, 6, '', 0.3),
    (47, 'Client', 'Return viewed on mobile device', '', '', 144, 5, '', 0.03),
    (48, 'Client', 'CcRecipient: Initial Email', 'Processed', '', 145, 7, '', 0.08),
    (49, 'Client', 'CcRecipient: Initial Email', 'Delivered', '', 145.1, 7, '', 0.08),
    (50, 'Client', 'Files Uploaded "{file} 8879.pdf"', '', '', 150, 7, 'by hand', 1.0),
    (51, 'Client', 'null', '', '', 156, 7, 'taken back', 1.0),
    (52, 'Client', 'E-file Forms Downloaded', '', '', 160, 7, '', 0.2),
    (53, 'Client', 'K-1''s Distributed to "{file} member"', '', '', 162, 7, 'entity', 0.6),
    (54, 'Client', 'Document "{file} signed.pdf"', '', '', 166, 7, '', 0.7),
    (55, 'Client', 'Access Link selected', '', '', 168, 7, '', 0.4),
    (56, 'Client', 'Taxpayer: Tax Return Accessed', '', '', 168.5, 7, '', 0.4),
    (57, 'Client', 'Document "{file} complete.pdf"', '', '', 169, 7, '', 0.6),
    (58, 'Internal', 'Download PDF', '', 'preparer', 176, 7, '', 0.7),
    (59, 'Internal', 'E-File Forms Downloaded', '', 'preparer', 190, 7, 'not by hand', 0.97),
    (60, 'Internal', 'Save & Close', '', 'preparer', 196, 7, '', 0.6),
    (61, 'Client', 'Voucher Reminder mail status', '', '', 230, 7, '', 0.4),
    (62, 'Internal', 'Recalled return', '', 'partner', 280, 1, 'recalled', 1.0),
    (63, 'Client', 'Tax Return', 'Recalled', '', 280.01, 1, 'recalled', 1.0),
    (64, 'Internal', 'Reprocessed Return', '', 'preparer', 290, 1, 'recalled', 1.0),
    (65, 'Client', 'Tax Return', 'Reprocessed', '', 290.01, 1, 'recalled', 1.0),
    (66, 'Internal', 'Moved Document to Archived', '', 'preparer', 300, 8, 'standing', 1.0)
) as listed(act_no, tab, label, status, who, hours, reach, needs, chance);

create table returns as
with thrown as (
    select
        no as return_no,
        dice(no, 'form') as form_dice,
        ['Austin', 'Boston', 'Chicago', 'Denver', 'Houston', 'Miami', 'Portland', 'Tampa'][1 + floor(8 * dice(no, 'office') ** 2)::int] as office,
        ['Ann', 'Ben', 'Cleo', 'Dan', 'Eve', 'Finn', 'Gus', 'Hana', 'Ida', 'Jon'][1 + floor(10 * dice(no, 'first'))::int] as first_name,
        ['Archer', 'Baker', 'Carter', 'Dyer', 'Fisher', 'Glover', 'Hooper', 'Mason', 'Potter', 'Sawyer', 'Turner', 'Webster'][
            1 + floor(12 * dice(no, 'last'))::int
        ] || ' ' || chr(65 + floor(26 * dice(no, 'middle'))::int) || no % 997 as last_name,
        2024 + (dice(no, 'year') < 0.62)::int as tax_year
    from range(getvariable('returns')) as numbers(no)
)
select
    return_no,
    tax_year || '-' || lpad(return_no::text, 8, '0') as return_id,
    'C' || lpad((return_no * 7919 % getvariable('returns'))::text, 8, '0') as client_id,
    last_name || ', ' || first_name as client_name,
    tax_year::text as tax_year,
    case
        when form_dice < 0.72 then '1040'
        when form_dice < 0.84 then '1120S'
        when form_dice < 0.93 then '1065'
        when form_dice < 0.97 then '1041'
        else '1120'
    end as return_type,
    form_dice < 0.34 as is_joint,
    office,
    office || ' partner ' || floor(5 * dice(return_no, 'partner'))::int as partner,
    office || ' signer ' || floor(3 * dice(return_no, 'ero'))::int as ero,
    office || ' preparer ' || floor(12 * dice(return_no, 'preparer'))::int as preparer,
    lower(first_name || '.' || return_no)
        || ['@mail.example', '@post.example', '@oldnet.example', '@work.example'][1 + floor(4 * dice(return_no, 'domain') ** 2)::int] as email,
    make_timestamp(tax_year + 1, 1, 8, 0, 0, 0) + to_hours(floor(2200 * sqrt(dice(return_no, 'day')))::int) as uploaded_at,
    0.5 + 1.5 * dice(return_no, 'pace') ** 2 as pace,
    dice(return_no, 'recall') < 0.11 as is_recalled
from thrown;

create table deliveries as
select
    return_no,
    cycle_no,
    is_recalled and cycle_no = 1 as ends_recalled,
    dice(return_no * 10 + cycle_no, 'bounce') < 0.016 as is_bounced,
    dice(return_no * 10 + cycle_no, 'hand') < 0.05 as is_by_hand,
    dice(return_no * 10 + cycle_no, 'back') < 0.15 as is_taken_back,
    case
        when is_recalled and cycle_no = 1 then 2 + floor(5 * dice(return_no, 'recalled'))::int
        when dice(return_no * 10 + cycle_no, 'reach') < 0.15 then 1 + floor(6 * dice(return_no * 10 + cycle_no, 'where'))::int
        else 7 + (dice(return_no * 10 + cycle_no, 'archived') < 0.9)::int
    end as reach
from returns
cross join (values (1), (2)) as cycles(cycle_no)
where cycle_no = 1 or is_recalled;

-- The 24 hours of a day are scaled to the 16 hours from 7 a.m. to 11 p.m.: the order stays the same, and no line is in an
-- hour that a clock change repeats or skips.
create table lines as
with happened as (
    select
        deliveries.return_no,
        deliveries.cycle_no,
        acts.act_no,
        returns.uploaded_at + to_seconds(3600 * (
            (deliveries.cycle_no - 1) * 310 * returns.pace
            + acts.hours * returns.pace
            + acts.spread * dice(returns.return_no * 10 + deliveries.cycle_no, 100 + acts.act_no)
        )) as moment
    from deliveries
    join returns on returns.return_no = deliveries.return_no
    join acts
        on acts.reach <= deliveries.reach
        and case acts.needs
            when '' then true
            when 'first' then deliveries.cycle_no = 1
            when 'joint' then returns.is_joint
            when 'single' then returns.return_type = '1040' and not returns.is_joint
            when 'individual' then returns.return_type = '1040'
            when 'entity' then returns.return_type <> '1040'
            when 'bounced' then deliveries.is_bounced
            when 'by hand' then deliveries.is_by_hand
            when 'not by hand' then not deliveries.is_by_hand
            when 'taken back' then deliveries.is_by_hand and deliveries.is_taken_back
            when 'recalled' then deliveries.ends_recalled
            when 'standing' then not deliveries.ends_recalled
        end
        and dice(returns.return_no * 10 + deliveries.cycle_no, acts.label || floor(acts.hours)) < acts.chance
),
pressed as (
    select
        return_no,
        cycle_no,
        act_no,
        date_trunc('second', date_trunc('day', moment) + interval 7 hour + (moment - date_trunc('day', moment)) * 2 / 3) as logged_at
    from happened
)
select return_no, cycle_no, act_no, logged_at
from pressed
where logged_at < timestamp '2026-04-02 18:00:00'
order by logged_at, return_no, act_no;

-- The lines as in an export: 2 of 100 labels have an odd space, capitals or quotes, and one file name of ten thousand
-- contains a number that looks like a Social Security number.
create view export as
select
    lines.rowid as line_no,
    returns.return_id as "Return ID",
    returns.client_id as "Client ID",
    returns.client_name as "Client Name",
    returns.tax_year as "Tax Year",
    returns.return_type as "Return Type",
    returns.office as "Office",
    returns.partner as "Partner",
    returns.ero as "ERO/Signer",
    returns.preparer as "Preparer",
    acts.tab || ' Tracking' as "Tab",
    replace(
        case
            when acts.label = 'null' then acts.label
            when dice(lines.rowid, 'wear') < 0.005 then replace(acts.label, ' ', chr(160))
            when dice(lines.rowid, 'wear') < 0.010 then acts.label || ' '
            when dice(lines.rowid, 'wear') < 0.015 and acts.label not like '%"%' then upper(acts.label)
            when dice(lines.rowid, 'wear') < 0.020 then replace(acts.label, ' "', ' ' || chr(8220))
            when dice(lines.rowid, 'wear') > 0.9999 then replace(acts.label, '{file}', 'W-2 234-56-7890')
            else acts.label
        end,
        '{file}', returns.client_name || ' ' || returns.return_type || ' ' || lines.cycle_no
    ) as "Event",
    acts.status as "Status",
    strftime(lines.logged_at, '%m/%d/%Y %I:%M:%S %p') as "Date/Time",
    case acts.who
        when 'preparer' then returns.preparer
        when 'partner' then returns.partner
        when 'ero' then returns.ero
        else ''
    end as "User",
    case when acts.status in ('', 'Recalled', 'Reprocessed') then '' else returns.email end as "Email"
from lines
join acts on acts.act_no = lines.act_no
join returns on returns.return_no = lines.return_no;
