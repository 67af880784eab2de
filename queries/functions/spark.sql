-- The functions that DuckDB and Spark write differently, for Spark; duckdb.sql has the same ones for DuckDB.
-- Read with spark.sql.parser.escapedStringLiterals=true and the session's zone UTC.

-- Whole seconds from an earlier time to a later one.
create temporary function seconds_between(earlier timestamp_ntz, later timestamp_ntz) returns bigint
    return (unix_micros(cast(later as timestamp)) - unix_micros(cast(earlier as timestamp))) div 1000000;

-- Whole days from an earlier date to a later one.
create temporary function days_between(earlier date, later date) returns bigint
    return cast(datediff(later, earlier) as bigint);

-- Whether a text contains a match of a regular expression.
create temporary function matches(words string, expression string) returns boolean
    return words rlike expression;

-- The part of a text that a regular expression matches; an empty text for none. Flags differ, so use no (?i).
create temporary function extracted(words string, expression string) returns string
    return regexp_extract(words, expression, 0);

-- A text with every run of blanks, also no-break ones, as one space, and no blanks at the ends.
create temporary function squeezed(words string) returns string
    return trim(regexp_replace(words, '[ \t\n\x{0B}\f\r\x{A0}]+', ' '));

-- A text in lower case, for comparisons: only letters of Latin-1, since engines differ in others.
create temporary function lowered(words string) returns string return
    translate(words, 'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞ', 'abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþ');

-- A text as a search reads it: small letters without accents and apostrophes, commas as blanks. Letters that are not listed stay as they
-- are, since engines differ in them.
create temporary function folded(words string) returns string
    return translate(
        regexp_replace(words, '[\x{300}-\x{36F}\x{27}\x{2019}]', ''),
        ',ABCDEFGHIJKLMNOPQRSTUVWXYZÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞàáâãäåçèéêëìíîïðñòóôõöøùúûüýÿ'
        || 'ĀāĂăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĦħĨĩĪīĬĭĮįİıĲĴĵĶķĹĺĻļĽľĿŁłŃńŅņŇňŊŌōŎŏŐőŒŔŕŖŗŘřŚśŜŝŞşŠšŢţŤťŦŧŨũŪūŬŭŮůŰűŲųŴŵŶŷŸŹźŻżŽž'
        || 'ǍǎǏǐǑǒǓǔǕǖǗǘǙǚǛǜȘșȚțẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặẸẹẺẻẼẽẾếỀềỂểỄễỆệỈỉỊịỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợỤụỦủỨứỪừỬửỮữỰựỲỳỴỵỶỷỸỹ'
        || 'ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩЁЄІЇАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯҐ',
        ' abcdefghijklmnopqrstuvwxyzaaaaaaæceeeeiiiidnoooooouuuuyþaaaaaaceeeeiiiidnoooooouuuuyy'
        || 'aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiĳjjkkllllllŀllnnnnnnŋooooooœrrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzz'
        || 'aaiioouuuuuuuuuussttaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy'
        || 'αβγδεζηθικλμνξοπρστυφχψωёєіїабвгдежзийклмнопрстуфхцчшщъыьэюяґ'
    );

-- A pattern with the text in quotes put back: ... between quotes stands for it.
create temporary function worded(pattern string, subject string) returns string
    return replace(pattern, '"..."', '"' || coalesce(subject, '') || '"');

-- The week of a day as text, the date of its Monday: 2026-03-02.
create temporary function week_of(day date) returns string
    return cast(cast(date_trunc('week', day) as date) as string);

-- The month of a day as text: 2026-03.
create temporary function month_of(day date) returns string
    return left(cast(day as string), 7);

-- A day in words: Mar 2, 2026.
create temporary function day_words(day date) returns string return date_format(day, 'MMM d, yyyy');

-- A number that grows with the time, and at the same time with the row of the file.
create temporary function place_in_file(moment timestamp_ntz, row_no bigint) returns decimal(38, 0)
    return cast(unix_micros(cast(moment as timestamp)) as decimal(20, 0)) * cast(1000000000000 as decimal(13, 0)) + row_no;
