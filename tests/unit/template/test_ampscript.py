"""AMPscript: rules and functions the shared cases do not show."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from livemerge.errors import AbortCampaign, SkipRecipient, TemplateError
from livemerge.template import compile as compile_template
from livemerge.template import compile_message

NOW = datetime(2026, 3, 4, 19, 5, 7, tzinfo=UTC)
TABLE = [
    {"Id": 1, "Name": "Ada", "Score": 30, "Joined": date(2026, 3, 4)},
    {"Id": 2, "Name": "bob", "Score": 4, "Joined": None},
    {"Id": 3, "Name": "ADA", "Score": 100, "Joined": date(2025, 1, 1)},
]


def render(source: str, data: dict[str, object] | None = None, *, escape: str | None = "html") -> str:
    template = compile_template(source, "ampscript", escape="html" if escape else None)
    return template.render({"data_extensions": {"People": TABLE}, **(data or {})}, now=NOW)


def value(expression: str, data: dict[str, object] | None = None) -> str:
    return render(f"%%={expression}=%%", data, escape=None)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Now()", "3/4/2026 1:05:07 PM"),
        ("Length('😀')", "2"),
        ("Substring('a😀b', 4)", "b"),
        ("Substring('Hello', 0, 2)", "He"),
        ("Substring('Hello', 9)", ""),
        ("IndexOf('abcabc', 'B', 2)", "5"),
        ("IndexOf('abc', '')", "0"),
        ("Uppercase('straße')", "STRAßE"),
        ("ProperCase('o''neill éa')", "O'neill Éa"),
        ("Replace('aXbxc', 'x')", "abc"),
        ("Trim(Concat(Char(160), ' a ', Char(9)))", "a"),
        ("DateAdd('2026-01-31', 1, 'm')", "2/28/2026 12:00:00 AM"),
        ("DateDiff('2026-03-04 23:59', '2026-03-05 00:00', 'D')", "1"),
        ("DateDiff('2026-03-05', '2026-03-04 23:59', 'H')", "-1"),
        ("DatePart('2026-03-04 13:05', 'H')", "1"),
        ("DateParse('2026-03-04T09:05:07+02:00')", "3/4/2026 1:05:07 AM"),
        ("DateParse('2026-03-04 09:05:07', true)", "3/4/2026 3:05:07 PM"),
        ("StringToDate('3/4/26')", "3/4/2026 12:00:00 AM"),
        ("FormatDate('2026-03-04 13:52:07', 'L')", "Wednesday, March 4, 2026"),
        ("FormatDate('2026-03-04 13:52:07', 'dddd, mmm d, yyyy', 'hh:mm tt')", "Wed, Mar 4, 2026 01:52 PM"),
        ("FormatDate('2026-03-04', 'ddddd d mmmm', '', 'de-DE')", "Mittwoch 4 März"),
        ("FormatDate('nothing', 'yyyy')", ""),
        ("Format('2026-03-04 13:52:07', 'h:mm tt', 'Date')", "1:52 PM"),
        ("Format('2026-03-04', 'MM/dd', 'Date', 'de-DE')", "03.04"),
        ("FormatNumber(1234.5, '#,##0.00')", "1,234.50"),
        ("FormatNumber(0.256, 'P1')", "25.6%"),
        ("FormatNumber(1234567, 'N0', 'fr-FR')", "1\u00a0234\u00a0567"),
        ("FormatNumber(-2.5, 'N0')", "-3"),
        ("FormatNumber(5, 'D3')", "005"),
        ("FormatNumber(255, 'x')", "ff"),
        ("FormatNumber(5, 'Z')", "Z"),
        ("FormatNumber(0.5, '#.##')", ".5"),
        ("FormatNumber(1234567, '0,,.0')", "1.2"),
        ("FormatNumber(-0.004, '0.00;(0.00)')", "0.00"),
        ("FormatNumber(-0.004, '0.00;(0.00);none')", "none"),
        ("FormatNumber(0.004, '0.00;(0.00);none')", "none"),
        ("FormatNumber(999.5, '0E+0')", "1E+3"),
        ("FormatNumber(99.995, '##0.0E+0')", "100.0E+0"),
        ("FormatNumber(0, '##0.0E+0')", "000.0E+0"),
        ("FormatNumber(0.00001, 'g')", "1e-05"),
        ("FormatNumber(12345678.9, 'N1', 'en-IN')", "1,23,45,678.9"),
        ("FormatNumber(12345678, '#,##0', 'hi_IN')", "1,23,45,678"),
        ("FormatCurrency(-12300099.45678, 'fr_FR', 3, '*$*')", "-12\u00a0300\u00a0099,457 *$*"),
        ("FormatCurrency(-0.001, 'zz-ZZ')", "¤0.00"),
        ("Format('2026-03-04 13:52', 't', 'Date', 'en-AU')", "1:52 PM"),
        ("Format('2026-03-04 13:52', 'T', 'Date', 'en-AU')", "1:52:00 PM"),
        ("Format('2026-01-04', 'dddd d MMMM', 'Date', 'hi-IN')", "रविवार 4 जनवरी"),
        ("Format('2026-01-04', 'MMMM', 'Date', 'de-AT')", "Jänner"),
        ("FormatNumber(0.1, '0%')", "10%"),
        ("FormatNumber(12, \"'no' 000\")", "no 012"),
        ("FormatNumber(-1234.555, 'C2')", "($1,234.56)"),
        ("FormatCurrency(1234.555, 'de-CH')", "CHF 1’234.56"),
        ("FormatCurrency(1234.555, 'zz-ZZ')", "¤1,234.56"),
        ("FormatCurrency(1234.555, 'en-US', 0, '€')", "€1,235"),
        ("Mod(-7.5, 2)", "-1.5"),
        ("Mod(1, 0)", "NaN"),
        ("Add(0.1, 0.2)", "0.3"),
        ("Multiply(10000000000, 10000000000)", "1E+20"),
        ("Divide(1, 300000)", "3.33333333333333E-06"),
        ("Divide(1, 100000)", "1E-05"),
        ("Divide(1, 10000)", "0.0001"),
        ("FormatNumber(0.00001, 'G')", "1E-05"),
        ("v(true)", "True"),
        ("URLEncode('a b&c~', 1, 1)", "a+b%26c%7e"),
        ("URLEncode('x?a=b c')", "x?a=b%20c"),
        ("Base64Decode(Base64Encode('Ä', 'UTF-16'), 'UTF-16')", "Ä"),
        (
            "SHA512('')",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
            "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
        ),
        (
            "GetJWT('secret', 'HS256', '{}')",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.t-IDcSemACt8x4iTMCda8Yhe3iZaWbvV5XKSTbuAn0M",
        ),
        ("RegExMatch('order-4821-eu', 'order-([0-9]+)-(?<land>[a-z]+)', 'land')", "eu"),
        ("RegExMatch('aaa', 'a{2}?', 0)", "aa"),
        ("IIf('true', 1, 2)", "1"),
        ("IIf(1, 1, 2)", "1"),
        ("IIf(2, 1, 2)", "2"),
        ("IsNull(Lookup('People', 'Name', 'Id', 9))", "True"),
        ("Lookup('people', 'NAME', 'id', '2')", "bob"),
        ("Lookup('People', 'Name', 'Joined', '2026-03-04')", "Ada"),
        ("RowCount(LookupRows('People', 'Name', 'ada'))", "2"),
        ("RowCount(LookupRowsCS('People', 'Name', 'ADA'))", "1"),
        ("Field(Row(LookupOrderedRows('People', 1, 'Score DESC', 'Name', 'ada'), 1), 'Id')", "3"),
        ("Field(Row(LookupOrderedRows('People', 0, 'Score', 'Name', 'ada'), 2), 1)", "3"),
        ("Field(Row(LookupRows('People', 'Id', 1), 1), 'Nope', 0)", ""),
        ("RowCount('no rows')", "0"),
        ("DataExtensionRowCount('People')", "3"),
        ("RowCount(BuildRowsetFromString('', ','))", "0"),
        ('Field(Row(BuildRowsetFromJSON(\'{"a":{"x":1,"y":[2]}}\', \'$.a.*\', 1), 1), 1)', "1"),
        ('RowCount(BuildRowsetFromJSON(\'{"a":{"x":1,"y":[2]}}\', \'$.a.*\', 1))', "2"),
        ("Field(Row(BuildRowsetFromJSON('{\"a\":[{\"x\":100.0,\"y\":[2]}]}', '$.a[*]', 1), 1), 'x')", "100"),
        ("Field(Row(BuildRowsetFromJSON('{\"a\":[{\"x\":100.0,\"y\":[2]}]}', '$.a[*]', 1), 1), 'y')", ""),
        ("RowCount(BuildRowsetFromJSON('[1', '$', 1))", "0"),
        ("Field(Row(BuildRowsetFromXML('<a><b c=\"1\">x</b><b>y</b></a>', '/a/b', 1), 2), 'Value')", "y"),
        ("Field(Row(BuildRowsetFromXML('<a><b c=\"1\">x</b><b>y</b></a>', '//b', 1), 2), 'c_att')", ""),
    ],
)
def test_a_function_gives_what_marketing_cloud_gives(expression: str, expected: str) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("pattern", "by_format", "by_format_date"),
    [  # Salesforce's own table of what a pattern alone gives, "Date and Time Formats - Format() and FormatDate()"
        ("d", "10/5/2017", "10/5/2017"),
        ("ddd", "Thu", "T8ur345a17"),
        ("dddd", "Thursday", "Thu"),
        ("f", "Thursday, October 5, 2017 8:09 PM", "Thursday, October 5, 2017 8:09 PM"),
        ("%f", "0", "5"),
        ("fff", "000", "567"),
        ("gg", "A.D.", "A.D."),
        ("M", "October 5", "October 5"),
        ("yyy", "2017", "2017"),
        ("sortable", "34orPable", "2017-10-05"),
        ("iso", "i34o", "2017-10-05T20:09:34.5678900-06:00"),
        ("O", "2017-10-05T20:09:34.0000000", "2017-10-05T20:09:34.5678900-06:00"),
        ("rfc", "r0c", "Thu, 05 Oct 2017 20:09:34 GMT"),
        ("s", "2017-10-05T20:09:34", "10/5/2017"),
        ("short", "348orP", "10/5/2017"),
        ("S", "2017-10-05 20:09:34.567890", "10/5/2017"),
        ("L", "2017-10-05 20:09:34.567890", "Thursday, October 5, 2017"),
        ("Long", "LonA.D.", "Thursday, October 5, 2017"),
        ("U", "Friday, October 6, 2017 2:09:34 AM", "Friday, October 6, 2017 2:09:34 AM"),
        ("T", "8:09:34 PM", "8:09:34 PM"),
    ],
)
def test_format_and_format_date_read_a_pattern_each_in_its_own_way(
    pattern: str, by_format: str, by_format_date: str
) -> None:
    moment = "'2017-10-05 20:09:34.567890'"

    assert value(f"Format({moment}, '{pattern}', 'Date')") == by_format
    assert value(f"FormatDate({moment}, '{pattern}')") == by_format_date


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("m", "9"),
        ("M", "9"),
        ("mm", "09"),
        ("HH:MM:SS.MMM", "20:09:34.567"),
        ("t", "P"),
        ("K", "-06:00"),
        ("z", "-6"),
        ("sortable", "T20:09:34"),
        ("short", "8:09 PM"),
        ("L", "8:09:34 PM"),
        ("o", "2017-10-05T20:09:34.5678900-06:00"),
    ],
)
def test_the_time_pattern_of_format_date_has_letters_and_words_of_its_own(pattern: str, expected: str) -> None:
    assert value(f"FormatDate('2017-10-05 20:09:34.567890', '', '{pattern}')") == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-08-05T13:41:23-06:00", "8/5/2024 1:41:23 PM"),
        ("2024-08-05Z", "8/4/2024 6:00:00 PM"),
        ("2024-08-05 +02:00", "8/4/2024 4:00:00 PM"),
        ("2024-08-05 1:41:23 PM", "8/5/2024 1:41:23 PM"),
        ("Monday, August 5, 2024 1:41 PM", "8/5/2024 1:41:00 PM"),
        ("5-Aug-24", "8/5/2024 12:00:00 AM"),
        ("8/2024", "8/1/2024 12:00:00 AM"),
        ("2024 年 8 月 5 日", "8/5/2024 12:00:00 AM"),
        ("2024년 8월 5일 13:41", "8/5/2024 1:41:00 PM"),
        ("1:41 PM", "3/4/2026 1:41:00 PM"),
        ("14:23:56 PM", "3/4/2026 2:23:56 PM"),
        ("0:05 am", "3/4/2026 12:05:00 AM"),
        ("12:00 AM", "3/4/2026 12:00:00 AM"),
    ],
)
def test_a_date_is_read_in_each_notation_that_marketing_cloud_documents(written: str, expected: str) -> None:
    assert value(f"DateParse('{written}')") == expected


@pytest.mark.parametrize(
    "written",
    [
        "August 5th, 2024",
        "5 août 2024",
        "٢٠٢٣/٨/٥",
        "18 Av, 5783",
        "Sunday, August 5, 2024",
        "13:00 AM",
        "1:41 p.m.",
        "9:61",
        "2024-08-05T9:05",
        "2024-08-05 12:00 +25:00",
        "2024-08-05 +25:00",
        "20240805",
        "Wed",
        ",",
    ],
)
def test_what_marketing_cloud_reads_as_no_date_is_none(written: str) -> None:
    assert value(f"FormatDate('{written}', 'yyyy')") == ""
    with pytest.raises(TemplateError):
        value(f"StringToDate('{written}')")


@pytest.mark.parametrize(
    "expression",
    [
        "Substring('a', 1, -1)",
        "Substring('a', 1.5)",
        "DateAdd('x', 1, 'D')",
        "DateAdd('2026-03-04', 1, 'W')",
        "DateAdd('2026-03-04', 1.5, 'D')",
        "DateParse('1767225600')",
        "DateParse('some day')",
        "DateParse('')",
        "FormatDate('2026-03-04', '', 'h')",
        "Format(1, 'N', 'Number')",
        "MD5('a', 'UTF8')",
        "Row(LookupRows('People', 'Id', 1), 2)",
        "Field(Row(LookupRows('People', 'Id', 1), 1), 'Nope')",
        "Lookup('Nobody', 'Name', 'Id', 1)",
        "Lookup('People', 'Nope', 'Id', 1)",
        "RegExMatch('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '(a|a)*b', 0)",
        "RegExMatch('a', '(?=a)', 0)",
        "BuildRowsetFromXML('<!DOCTYPE a><a/>', '//a', 0)",
        "AttributeValue('')",
        "Unknown",
        "[Unknown Name]",
        "HTTPGet('https://example.com')",
        "ContentBlockByKey('none')",
    ],
)
def test_what_aborts_in_marketing_cloud_is_a_template_error(expression: str) -> None:
    with pytest.raises(TemplateError):
        value(expression)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("%%[ SET @a = 1 ", "`%%[` is never closed"),
        ("%%=v(@a)", "`%%=` is never closed"),
        ("%%[ IF @a == 1 ]%%x%%[ ENDIF ]%%", "`THEN` is missing"),
        ("%%[ IF @a THEN ]%%x", "IF is never closed"),
        ("%%[ ENDIF ]%%", "ENDIF stands outside IF"),
        ("%%[ FOR @i = 1 TO 2 DO ]%%x%%[ NEXT @j ]%%", "closes the loop of `@i`"),
        ("%%[ IF 1 THEN ELSE ELSE ENDIF ]%%", "a second ELSE"),
        ("%%[ SET @a = 1 + 2 ]%%", "`+` is not understood"),
        ("%%[ SET @a = “x” ]%%", "is not understood"),
        ("%%[ SET a = 1 ]%%", "a variable is missing"),
        ("%%=Concat('a' 'b')=%%", "`,` or `)` is missing"),
        ("%%= =%%", "is empty"),
        ("%%=v(@a) v(@b)=%%", "holds one expression"),
        ("%%= /* no */ v(@a) =%%", "a comment cannot stand"),
        ("%%[ SET @a = 'x ]%%", "is not understood"),
    ],
)
def test_a_mistake_is_shown_with_its_place_and_a_mend(source: str, what: str) -> None:
    with pytest.raises(TemplateError) as raised:
        compile_template(source, "ampscript", name="m.html")
    assert what in raised.value.what
    assert raised.value.line == 1
    assert raised.value.column > 0
    assert "^" in raised.value.caret
    assert raised.value.advice


def test_a_culture_that_nobody_knows_is_found() -> None:
    assert (
        codes("%%=FormatNumber(1, 'N', 'xx-YY')=%% %%=Format(Now(), 'D', 'Date', 'de_XX')=%%") == ["unknown-locale"] * 2
    )
    assert (
        codes("%%=FormatNumber(1, 'N', 'de_DE')=%% %%=FormatDate(Now(), 'D', '', '')=%% %%=FormatNumber(1, 'N')=%%")
        == []
    )
    assert codes("%%[ SET @c = 'xx' ]%%%%=FormatCurrency(1, @c)=%%") == []


def codes(source: str, **options: object) -> list[str]:
    return [finding.code for finding in compile_template(source, "ampscript", **options).findings]  # type: ignore[arg-type]  # options of many kinds


def test_what_needs_a_second_look_is_found() -> None:
    assert codes("%%[ IF 1 == 1 AND 2 == 2 OR 3 == 3 THEN ENDIF ]%%") == ["mixed-logic"]
    assert codes("%%[ IF NOT Empty(a) AND Empty(b) THEN ENDIF ]%%") == ["mixed-logic"]
    assert codes("%%[ IF Empty(a) OR NOT Empty(b) THEN ENDIF ]%%") == []  # all read it the same way
    assert codes("%%[ IF Empty(a) OR NOT Empty(b) OR Empty(c) THEN ENDIF ]%%") == ["mixed-logic"]
    assert codes("%%[ IF (NOT Empty(a)) AND (Empty(b) OR Empty(c)) THEN ENDIF ]%%") == []
    assert codes("%%[ Output(Concat('a')) ]%%") == ["output-in-mail"]
    assert codes("%%=TreatAsContent(body)=%%") == ["dynamic-content"]
    assert codes("%%=Uppercas('a')=%%") == ["unknown-function"]
    assert codes("%%=CloudPagesURL(1)=%%") == ["unsupported-function"]
    assert codes("%%[ @a = 1 ]%%") == ["missing-set"]
    assert codes("%%=ContentBlockByName('Foot')=%%") == ["unknown-include"]
    assert codes("<script runat='server'>Write(1)</script>") == ["unsupported-tag"]


def test_a_wrong_number_of_arguments_stops_every_message_even_in_a_branch_nobody_reaches() -> None:
    template = compile_template("%%[ IF 1 == 2 THEN ]%%%%=Trim()=%%%%[ ENDIF ]%%", "ampscript")

    assert [finding.code for finding in template.findings] == ["function-arguments"]
    with pytest.raises(TemplateError, match="`Trim` takes 1 arguments, 0 given"):
        template.render({})


def test_an_unknown_function_stops_only_who_reaches_it() -> None:
    assert render("%%[ IF 1 == 2 THEN ]%%%%=Nothing()=%%%%[ ENDIF ]%%ok") == "ok"


def test_raise_error_skips_a_customer_or_stops_the_campaign_and_tells_no_data() -> None:
    with pytest.raises(SkipRecipient) as skipped:
        render("a\n%%=RaiseError(Concat('no name for ', Email), true)=%%", {"Email": "ada@example.com"})
    assert (skipped.value.what, skipped.value.line) == ("no name for …", 2)

    with pytest.raises(AbortCampaign):
        render("%%=RaiseError('stop')=%%")


def test_attributes_are_read_in_any_case_and_an_unknown_one_stays_as_written() -> None:
    source = "%%firstname%%|%%First Name%%|%%[First Name]%%|%%Unknown Name%%|%%[ SET @n = FIRSTNAME ]%%%%=v(@N)=%%"
    data = {"FirstName": "Ada", "first name": "Ada L."}

    assert render(source, data) == "Ada|Ada L.|Ada L.|%%Unknown Name%%|Ada"


def test_system_strings_are_read_in_small_letters_and_dates_of_sending_are_made_here() -> None:
    source = (
        "%%EmailAddr%% %%=v(_SubscriberKey)=%% %%xtmonth%% %%xtMonthNumeric%%/%%xtday%%/%%xtyear%% %%=v(xtlongdate)=%%"
    )
    template = compile_template(source, "ampscript")

    assert template.fields == {"emailaddr", "_subscriberkey"}
    data = {"emailaddr": "a@example.com", "_subscriberkey": "7"}
    assert template.render(data, now=NOW) == "a@example.com 7 March 3/4/2026 Wednesday, March 4, 2026"


def test_every_mail_is_a_send_and_no_test() -> None:
    test = "_messagecontext == 'VAWP' OR _IsTestSend == 'true'"
    source = f"%%_MessageContext%% %%xtshortdate%% %%[ IF {test} THEN ]%%page%%[ ENDIF ]%%"

    assert compile_template(source, "ampscript").fields == set()
    assert render(source, {}) == "SEND 03/04/2026 "


@pytest.mark.parametrize("pattern", ["(?<=a)b", "[a", "a{1000}", "\\1"])
def test_a_pattern_that_cannot_be_read_is_found_before_anybody_gets_a_mail(pattern: str) -> None:
    assert codes(f"%%[ IF false THEN ]%%%%=RegExMatch(Name, '{pattern}', 0)=%%%%[ ENDIF ]%%") == ["unreadable-pattern"]


def test_a_pattern_may_begin_with_options() -> None:
    assert codes("%%=RegExMatch(Name, '(?i)ada', 0)=%% %%=RegExMatch(Name, @p, 0)=%%") == []
    assert value("RegExMatch('I am ADA', '(?i)a(d)a', 0)") == "ADA"
    assert value("RegExMatch(Concat('a', Char(10), 'B'), '(?ims)^b', 0)") == "B"


def test_values_print_as_in_marketing_cloud() -> None:
    data = {"d": date(2026, 3, 4), "t": NOW, "money": Decimal("12.50"), "f": 100.0, "no": None, "rows": [{"a": 1}]}

    assert render("%%d%%|%%t%%|%%money%%|%%f%%|%%no%%|%%rows%%", data) == (
        "3/4/2026 12:00:00 AM|3/4/2026 1:05:07 PM|12.50|100||"
    )


def test_a_loop_counts_down_keeps_its_last_value_and_may_run_no_time() -> None:
    assert render("%%[ FOR @i = 3 DOWNTO 1 DO ]%%%%=v(@i)=%%%%[ NEXT ]%%-%%=v(@i)=%%") == "321-1"
    assert render("%%[ FOR @i = 1 TO 0 DO ]%%x%%[ NEXT @i ]%%.") == "."


def test_data_is_escaped_once_and_what_the_author_wrote_is_not() -> None:
    source = "%%[ SET @x = Concat('<b>', Name, '</b>') ]%%%%=v(@x)=%%%%=Uppercase(@x)=%%%%=Replace(@x, 'ada', '<i>')=%%"

    assert render(source, {"Name": "Ada&"}) == "<b>Ada&amp;</b><B>ADA&amp;</B><b><i>&amp;</b>"


def test_what_is_put_together_compares_counts_and_hashes_as_it_reads() -> None:
    source = "%%[ SET @x = Concat('<', Name) ]%%%%=Length(@x)=%%%%=IIf(@x == '<A&', 1, 2)=%%%%=MD5(@x)=%%"

    assert render(source, {"Name": "A&"}) == "31" + value("MD5('<A&')")


def test_content_blocks_share_variables_and_report_their_status() -> None:
    source = (
        "%%[ SET @n = Name SET @t = ContentBlockByName('Mail\\Foot', '', 0, 'none', @s) ]%%%%=v(@t)=%%%%=v(@s)=%%"
        "%%=ContentBlockByKey('gone', '', 0, 'none', @s)=%%%%=v(@s)=%%%%=v(@in)=%%"
    )
    blocks = {"foot": "%%=v(@n)=%%<br>%%[ SET @in = 7 ]%%"}

    assert render(source, {"Name": "A&", "content_blocks": blocks}) == "A&amp;<br>0none-17"


def test_fields_of_a_known_content_block_are_fields_of_the_template() -> None:
    template = compile_template(
        "%%=ContentBlockByName('Foot')=%%%%=Lookup('People', 'Name', 'Id', key)=%%",
        "ampscript",
        templates={"Foot": "%%City%%"},
    )

    assert template.fields == {"City", "key", "data_extensions.People"}


@pytest.mark.parametrize(
    "source",
    [
        "%%[ SET @n = Name IF Empty(@n) THEN SET @n = 'there' ENDIF ]%%%%=v(@n)=%%",
        "%%[ IF NOT Empty(Name) THEN SET @n = Name ELSE SET @n = 'there' ENDIF ]%%%%=v(@n)=%%",
        "%%[ SET @n = 'there' IF NOT Empty(Name) THEN SET @n = ProperCase(Name) ENDIF ]%%%%=v(@n)=%%",
        "%%=IIf(Empty(Name), 'there', Name)=%%",
        "%%[ SET @n = IIf(Empty(Name), 'there', Name) ]%%%%=v(@n)=%%",
        "%%[ IF NOT Empty(Name) THEN ]%%%%Name%%%%[ ENDIF ]%%",
    ],
)
def test_a_fallback_or_guard_is_seen_through_variables(source: str) -> None:
    outputs = [read for read in compile_template(source, "ampscript").reads if read.usage == "output"]

    assert outputs
    assert all(read.has_fallback or read.is_guarded for read in outputs)


def test_a_variable_that_may_stay_empty_has_no_fallback() -> None:
    source = "%%[ VAR @n IF NOT Empty(Name) THEN SET @n = Name ENDIF ]%%%%=v(@n)=%%"
    outputs = [read for read in compile_template(source, "ampscript").reads if read.usage == "output"]

    assert [(read.path, read.has_fallback) for read in outputs] == [("Name", False)]


MESSAGE = """+++
subject = "%%=Concat(@hello, ', ', @n)=%% %%=v(@count)=%% %%=v(@id)=%%"
preheader = "%%[ SET @hello = 'Hi' ]%%pre"
+++
<html><head>%%[ SET @id = GUID() ]%%</head><body>
%%[ SET @n = Name SET @count = 0 SET @count = Add(@count, 1) ]%%
<p>%%=v(@hello)=%% %%=v(@n)=%% %%=v(@count)=%% %%=v(@id)=%%</p></body></html>
"""


def test_the_parts_of_a_message_share_their_variables_in_the_order_they_are_made() -> None:
    message = compile_message(MESSAGE, name="m.ampscript.html")
    parts = {name: part.render({"Name": "A&B"}, now=NOW) for name, part in message.parts.items()}
    identifier = parts["subject"].rpartition(" ")[2]

    assert len(identifier) == 36
    assert parts["subject"] == f"Hi, A&B 1 {identifier}"
    assert f"<p>Hi A&amp;B 1 {identifier}</p>" in parts["html"]
    assert parts["text"].strip() == f"Hi A&B 1 {identifier}"
    assert message.fields == {"Name"}
    assert parts["subject"] == message.subject.trace({"Name": "A&B"}, now=NOW).text


def test_code_where_text_has_no_place_for_it_makes_the_text_from_the_rendered_html() -> None:
    source = "<p><!-- %%[ SET @a = 'x' ]%% -->%%=v(@a)=%%</p>"
    message = compile_message(f"+++\nsubject = 's'\n+++\n{source}", name="m.ampscript.html")

    assert message.text.render({}).strip() == "x"
    assert [finding.code for finding in message.findings] == ["derived-text"]


PAGE = Path(__file__).parents[3] / "docs" / "languages" / "ampscript.md"
EXAMPLES = re.findall(r"^\| `(.*%%.*)` \| `(.*)` \|$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("source", "expected"), EXAMPLES)
def test_the_examples_of_the_documentation_give_what_they_say(source: str, expected: str) -> None:
    names = ("Id", "Name", "Score")
    rows = [dict(zip(names, row, strict=True)) for row in ((1, "Ada", 30), (2, "bob", 4), (3, "ADA", 100))]
    data = {"FirstName": "Ada & Co", "City": None}
    assert render(source, {**data, "data_extensions": {"People": rows}}) == expected


def test_the_documentation_has_examples() -> None:
    assert len(EXAMPLES) >= 30
