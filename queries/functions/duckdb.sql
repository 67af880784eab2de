-- The functions that DuckDB and Spark write differently, for DuckDB; spark.sql has the same ones for Spark.

-- Whole seconds from an earlier time to a later one.
create macro seconds_between(earlier, later) as (epoch_us(later) - epoch_us(earlier)) // 1000000;

-- Whole days from an earlier date to a later one.
create macro days_between(earlier, later) as date_diff('day', cast(earlier as date), cast(later as date));

-- Whether a text contains a match of a regular expression.
create macro matches(words, expression) as regexp_matches(words, expression);

-- The part of a text that a regular expression matches; an empty text for none. Flags differ, so use no (?i).
create macro extracted(words, expression) as regexp_extract(words, expression, 0);

-- A text with every run of blanks, also no-break ones, as one space, and no blanks at the ends.
create macro squeezed(words) as trim(regexp_replace(words, '[ \t\n\x{0B}\f\r\x{A0}]+', ' ', 'g'), ' ');

-- A text in lower case, for comparisons: only letters of Latin-1, since engines differ in others. Texts in ASCII, which
-- are nearly all, need no translation, which is slow.
create macro lowered(words) as case
    when strlen(words) = length(words) then lower(words)
    else translate(words, 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞ', 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþ')
end;

-- A text as a search reads it: small letters without accents and apostrophes, commas as blanks, so that "nunez" finds Nuñez. Letters
-- that are not listed stay as they are, since engines differ in them. Texts in ASCII need no translation, which is slow.
create macro folded(words) as case
    when strlen(words) = length(words) then lower(replace(replace(words, '''', ''), ',', ' '))
    else translate(
        regexp_replace(words, '[\x{300}-\x{36F}\x{27}\x{2019}]', '', 'g'),
        ',ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞàáâãäåçèéêëìíîïðñòóôõöøùúûüýÿ'
        || 'ĀāĂăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĦħĨĩĪīĬĭĮįİıĲĴĵĶķĹĺĻļĽľĿŁłŃńŅņŇňŊŌōŎŏŐőŒŔŕŖŗŘřŚśŜŝŞşŠšŢţŤťŦŧŨũŪūŬŭŮůŰűŲųŴŵŶŷŸŹźŻżŽž'
        || 'ǍǎǏǐǑǒǓǔǕǖǗǘǙǚǛǜȘșȚțẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặẸẹẺẻẼẽẾếỀềỂểỄễỆệỈỉỊịỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợỤụỦủỨứỪừỬửỮữỰựỲỳỴỵỶỷỸỹ'
        || 'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩЁЄІЇАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯҐ',
        ' abcdefghijklmnopqrstuvwxyzaaaaaaæceeeeiiiidnoooooouuuuyþaaaaaaceeeeiiiidnoooooouuuuyy'
        || 'aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiĳjjkkllllllŀllnnnnnnŋooooooœrrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzz'
        || 'aaiioouuuuuuuuuussttaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy'
        || 'αβγδεζηθικλμνξοπρστυφχψωёєіїабвгдежзийклмнопрстуфхцчшщъыьэюяґ'
    )
end;

-- A pattern with the text in quotes put back: ... between quotes stands for it.
create macro worded(pattern, subject) as replace(pattern, '"..."', '"' || coalesce(subject, '') || '"');

-- The week of a day as text, the date of its Monday: 2026-03-02.
create macro week_of(day) as cast(cast(date_trunc('week', day) as date) as varchar);

-- The month of a day as text: 2026-03.
create macro month_of(day) as left(cast(day as varchar), 7);

-- A day in words: Mar 2, 2026.
create macro day_words(day) as strftime(cast(day as date), '%b %-d, %Y');

-- A number that grows with the time, and at the same time with the row of the file.
create macro place_in_file(moment, row_no) as cast(epoch_us(moment) as hugeint) * 1000000000000 + row_no;
