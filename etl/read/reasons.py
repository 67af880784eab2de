"""Why a record is set aside: each code with what it says and what mends it."""

REASONS = {
    "wrong_field_count": "More or fewer fields than headings; mostly a delimiter in a text without quotes around it.",
    "stray_quote": "A quote stands inside a text in quotes; it must be doubled.",
    "open_quote": "A text in quotes never ends, or ends in another record.",
    "broken_json": "The line is no JSON.",
    "not_an_object": "The line is JSON and no object, so it has no headings.",
    "doubled_key": "An object has one key twice, and one of the two values would be lost.",
    "not_a_json_number": "NaN and Infinity are no JSON; a number must be written out.",
    "zero_byte": "A text holds a zero byte, which no export means to write.",
    "half_a_character": "A text holds half of a character (a lone surrogate).",
    "empty_return_id": "No return is named, so the record belongs to nothing.",
    "empty_firm_id": "No firm is named in a file that has a column for it, and its source names none.",
    "empty_label": "The event has no words. (The text null is a label and is kept.)",
    "unknown_tab": "The tab is neither Client nor Internal: map another column, or set it under [source.constants].",
    "unreadable_time": "No format of the source reads the time: add one to time_formats, then load the file again.",
    "time_out_of_range": "The time lies before 2000 or after 2100; mostly a typing error, or a year of two digits.",
}
