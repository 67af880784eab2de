-- The few words that engines write differently, for DuckDB; spark.sql says the same ones for Spark.

-- Whole seconds from an earlier moment to a later one.
create macro seconds_between(earlier, later) as (epoch_us(later) - epoch_us(earlier)) // 1000000;

-- Whole days from an earlier date to a later one.
create macro days_between(earlier, later) as date_diff('day', cast(earlier as date), cast(later as date));

-- Whether a text holds a match of a regular expression.
create macro matches(words, expression) as regexp_matches(words, expression);

-- The part of a text that a group of a regular expression matches, in any case; 0 is the whole match, '' is none.
create macro extracted(words, expression, group_no) as regexp_extract(words, '(?i)' || expression, group_no);

-- A text with every run of blanks, no-break ones too, as one space, and none at its ends.
create macro squeezed(words) as trim(regexp_replace(words, '[\s\x{A0}]+', ' ', 'g'));

-- A number that grows with the moment, and within a moment with the row of its file.
create macro place_in_file(moment, row_no) as cast(epoch_us(moment) as hugeint) * 1000000000000 + row_no;
