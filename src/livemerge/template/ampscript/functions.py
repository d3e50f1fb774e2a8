"""AMPscript's functions by name, in small letters: what each is called with, and what it may do besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from livemerge.template.ampscript import coded, content, documents, http, reckoning, rows, texts, values
from livemerge.template.authored import Mixed, as_markup, as_plain, without_tags
from livemerge.template.filters.filter import Filter, Short
from livemerge.template.runtime import Context, Fault, size_of

PART_WORK: Final = 5  # units of a part that a text is put together of
MANY: Final = 200  # arguments at most, where a function takes any number


@dataclass(frozen=True, slots=True)
class Function:
    """One function and how many arguments it takes."""

    call: Callable[..., Any]
    least: int
    most: int
    takes_context: bool = False
    has_effects: bool = False  # calling it changes what later calls give
    shares_scope: bool = False  # it reads or sets variables by name
    includes: bool = False  # its first argument is the name of a content block
    swallows_booleans: bool = False  # true and false, written as such, count as no text
    fetches: bool = False  # its first argument is the address it asks
    gives: str = ""  # `boolean` where it gives nothing else
    work: Callable[[Any], int] | None = None  # of each value it is given; None: hardly any, or it counts that itself


def _size(value: Any) -> int:
    """The work of going through a value; a text is walked part by part."""
    parts = len(value.parts) if isinstance(value, Mixed) else 0
    return size_of(value) + PART_WORK * parts


def _rows_size(value: Any) -> int:
    """The work of making rows of a text."""
    return 10 * _size(value)


def _bounded(call: Callable[..., Any], least: int, most: int) -> Function:
    return Function(call, least, most, work=_size)


def _text(call: Callable[..., Any], least: int, most: int, *, takes_context: bool = False) -> Function:
    return Function(call, least, most, takes_context, swallows_booleans=True, work=_size)


def _inside(call: Callable[..., Any], least: int, most: int) -> Function:
    return Function(call, least, most, takes_context=True)


def _content(call: Callable[..., Any], least: int, most: int, *, includes: bool = False) -> Function:
    return Function(call, least, most, takes_context=True, has_effects=True, shares_scope=True, includes=includes)


def _http(call: Callable[..., Any], least: int, most: int) -> Function:
    return Function(call, least, most, takes_context=True, has_effects=True, shares_scope=True, fetches=True)


def _nothing(*_: Any) -> str:
    """What functions give that only mark something for the vendor, or write in a place of their own."""
    return ""


def _itself(value: Any, *_: Any) -> Any:
    return value


def _is_null(value: Any) -> bool:
    return isinstance(value, values.Null)


def _null_default(value: Any, _default: Any) -> Any:
    """The value: its default is for forms only."""
    return value


_CONTENT_BLOCK = _content(content.content_block, 1, 5, includes=True)
_TREAT_AS_CONTENT = _content(content.treat_as_content, 1, 1)

FUNCTIONS: Final[dict[str, Function]] = {
    # output and tests
    "v": Function(_itself, 1, 1),
    "output": Function(_nothing, 0, MANY),
    "outputline": Function(_nothing, 0, MANY),
    "empty": Function(values.is_empty, 1, 1, gives="boolean"),
    "isnull": Function(_is_null, 1, 1),
    "isnulldefault": Function(_null_default, 2, 2),
    "raiseerror": Function(content.raise_error, 1, 5),
    "guid": Function(reckoning.guid, 0, 0, takes_context=True, has_effects=True),
    "isemailaddress": _text(texts.is_email_address, 1, 1),
    "isphonenumber": _text(texts.is_phone_number, 1, 1),
    "domain": _text(texts.domain, 1, 1),
    "longsfid": _text(texts.long_sf_id, 1, 1),
    # texts
    "concat": _text(texts.concat, 1, MANY),
    "uppercase": _text(texts.uppercase, 1, 1),
    "lowercase": _text(texts.lowercase, 1, 1),
    "propercase": _text(texts.proper_case, 1, 1),
    "length": _text(texts.length, 1, 1),
    "trim": _text(texts.trim, 1, 1),
    "substring": _text(texts.substring, 2, 3),
    "indexof": _text(texts.index_of, 2, 3),
    "replace": _text(texts.replace, 2, 3),
    "replacelist": _text(texts.replace_list, 3, MANY, takes_context=True),
    "regexmatch": _text(texts.reg_ex_match, 3, 10, takes_context=True),
    "char": _bounded(texts.char, 1, 2),
    # formats
    "format": _inside(reckoning.format_, 2, 4),
    "formatnumber": _inside(reckoning.format_number_, 2, 3),
    "formatcurrency": Function(reckoning.format_currency, 2, 4),
    "formatdate": _inside(reckoning.format_date_, 1, 4),
    # dates
    "now": _inside(reckoning.now, 0, 1),
    "getsendtime": _inside(reckoning.now, 0, 1),
    "systemdatetolocaldate": _inside(reckoning.same_date, 1, 1),
    "localdatetosystemdate": _inside(reckoning.same_date, 1, 1),
    "dateadd": _inside(reckoning.date_add, 3, 3),
    "datediff": _inside(reckoning.date_diff, 3, 3),
    "datepart": _inside(reckoning.date_part, 2, 2),
    "dateparse": _inside(reckoning.date_parse, 1, 2),
    "stringtodate": _inside(reckoning.string_to_date, 1, 1),
    # numbers
    "add": Function(reckoning.add, 2, 2),
    "subtract": Function(reckoning.subtract, 2, 2),
    "multiply": Function(reckoning.multiply, 2, 2),
    "divide": Function(reckoning.divide, 2, 2),
    "mod": Function(reckoning.mod, 2, 2),
    "random": Function(reckoning.random_number, 2, 2, takes_context=True, has_effects=True),
    # data extensions and rowsets; the data extension's name is replaced by its rows
    "lookup": _inside(rows.lookup, 4, MANY),
    "lookuprows": _inside(rows.lookup_rows, 3, MANY),
    "lookuprowscs": _inside(rows.lookup_rows_cs, 3, MANY),
    "lookuporderedrows": _inside(rows.lookup_ordered_rows, 5, MANY),
    "lookuporderedrowscs": _inside(rows.lookup_ordered_rows_cs, 5, MANY),
    "dataextensionrowcount": _inside(rows.extension_row_count, 1, 1),
    "rowcount": Function(rows.row_count, 1, 1),
    "row": Function(rows.row, 2, 2),
    "field": Function(rows.field_of, 2, 3),
    "buildrowsetfromstring": Function(rows.rows_of_text, 2, 2, work=_rows_size),
    "buildrowsetfromjson": _inside(documents.rows_of_json, 3, 3),
    "buildrowsetfromxml": _inside(documents.rows_of_xml, 3, 3),
    # content
    "contentblockbykey": _CONTENT_BLOCK,
    "contentblockbyname": _CONTENT_BLOCK,
    "contentblockbyid": _CONTENT_BLOCK,
    "contentarea": _CONTENT_BLOCK,
    "contentareabyname": _CONTENT_BLOCK,
    "treatascontent": _TREAT_AS_CONTENT,
    "treatascontentarea": _content(content.treat_as_content_area, 2, 2),
    "beginimpressionregion": Function(_nothing, 1, 1),
    "endimpressionregion": Function(_nothing, 0, 1),
    "beginassetblock": Function(_nothing, 1, 1),
    "endassetblock": Function(_nothing, 0, 1),
    # the network
    "httpget": _http(http.http_get, 1, 4),
    "httppost": _http(http.http_post, 3, MANY),
    "httppost2": _http(http.http_post_2, 3, MANY),
    "httppostwithretry": _http(http.http_post_with_retry, 3, MANY),
    # encodings
    "base64encode": _text(coded.base64_encode, 1, 2),
    "base64decode": _bounded(coded.base64_decode, 1, 3),
    "md5": _text(coded.md5, 1, 2),
    "sha1": _text(coded.sha1, 1, 2),
    "sha256": _text(coded.sha256, 1, 2),
    "sha512": _text(coded.sha512, 1, 2),
    "stringtohex": _text(coded.string_to_hex, 1, 2),
    "urlencode": _bounded(coded.url_encode, 1, 3),
    "getjwt": _bounded(coded.get_jwt, 3, 3),
    "redirectto": Function(_itself, 1, 1),
    "wraplongurl": Function(_itself, 1, 1),
    "queryparameter": Function(_nothing, 1, 1),  # pages have parameters, mail has none
    "requestparameter": Function(_nothing, 1, 1),
}

TABLE_FUNCTIONS: Final = frozenset(
    {"lookup", "lookuprows", "lookuprowscs", "lookuporderedrows", "lookuporderedrowscs", "dataextensionrowcount"}
)
SETTING: Final = {  # the arguments, counted from 0, that are variables a function sets
    **{name: (4,) for name, each in FUNCTIONS.items() if each is _CONTENT_BLOCK},
    "httpget": (3,),
    "httppost": (3,),
    "httppost2": (4, 5),
    "httppostwithretry": (6, 7),
}
CULTURE_ARGUMENTS: Final = {"format": 3, "formatdate": 3, "formatnumber": 2, "formatcurrency": 1}  # counted from 0
LAZY: Final = frozenset({"iif"})  # the parser makes a choice of it
READING: Final = frozenset({"attributevalue"})  # the parser makes a field of it
SENDING_DATES: Final = {  # system strings that are the moment of sending
    "xtmonth": "MMMM",
    "xtmonthnumeric": "%M",
    "xtday": "%d",
    "xtdayofweek": "dddd",
    "xtyear": "yyyy",
    "xtshortdate": "MM/dd/yyyy",
    "xtlongdate": "D",
}
SENDING: Final = {"_messagecontext": "SEND", "_istestsend": "false"}  # system strings that are the same in every mail
VENDOR_ONLY: Final = frozenset(
    # what writes to or asks Marketing Cloud, Sales Cloud and their services
    {
        "buildoptionlist",
        "claimrow",
        "claimrowvalue",
        "deletedata",
        "deletede",
        "insertdata",
        "insertde",
        "updatedata",
        "updatede",
    }
    | {"upsertdata", "upsertde", "executefilter", "executefilterorderedrows"}
    | {
        "createsalesforceobject",
        "retrievesalesforceobjects",
        "updatesinglesalesforceobject",
        "retrievesalesforcejobsources",
    }
    | {"addmscrmlistmember", "createmscrmrecord", "describemscrmentities", "describemscrmentityattributes"}
    | {"retrievemscrmrecords", "retrievemscrmrecordsfetchxml", "setstatemscrmrecord", "updatemscrmrecords"}
    | {"upsertmscrmrecord", "addobjectarrayitem", "createobject", "setobjectproperty", "invokecreate", "invokedelete"}
    | {"invokeexecute", "invokeperform", "invokeretrieve", "invokeupdate", "raiseerrorifnull"}
    | {"getjwtbykeyname", "encryptsymmetric", "decryptsymmetric", "getportfolioitem", "image", "contentimagebyid"}
    | {"contentimagebykey", "attachfile", "barcodeurl", "transformxml", "cloudpagesurl", "micrositeurl"}
    | {"livecontentmicrositeurl", "redirect", "authenticatedemployeeid", "authenticatedemployeenotificationaddress"}
    | {"authenticatedemployeeusername", "authenticatedenterpriseid", "authenticatedmemberid", "authenticatedmembername"}
    | {"getsocialpublishurl", "getsocialpublishurlbyname", "getpublishedsocialcontent", "ischtmlbrowser", "wat", "watp"}
    | {"createsmsconversation", "endsmsconversation", "setsmsconversationnextkeyword", "msg", "nextmsg", "longurl"}
    | {
        "httprequestheader",
        "setdefaultemaillinktext",
        "upsertcontact",
        "subscriberbyemail",
        "setstatusbyemail",
        "getvalue",
    }
)


# --- what the parser calls besides -----------------------------------------------------------------


def _printed(value: Any) -> Any:
    """A value as it is written where data is escaped."""
    return value if type(value) is str else as_markup(values.text(value))


def _printed_plainly(value: Any) -> Any:
    """A value as it is written where nothing is escaped."""
    return value if type(value) is str else as_plain(values.text(value))


def _printed_without_tags(value: Any) -> Any:
    return value if type(value) is str else without_tags(values.text(value))


def _attribute(context: Context, value: Any, name: Any) -> Any:
    """A field named in code: one the data does not have is an error."""
    if value is None and str.__str__(name) not in values.environment(context).scope.data:
        raise Fault(f"`{str.__str__(name)[:100]}` is no attribute", "check its name; variables begin with @")
    return value


def _attribute_value(context: Context, name: Any) -> Any:
    """A field whose name is known only while rendering."""
    wanted = str.__str__(values.text(name))
    if not wanted:
        raise Fault("AttributeValue needs a name", "give the name of an attribute")
    return values.environment(context).scope.data.get(wanted)


def _sending_date(context: Context, name: Any) -> str:
    """A part of the moment of sending, by its system string."""
    return reckoning.format_(context, reckoning.now(context), SENDING_DATES[str.__str__(name)], "Date", "en-US")


def _steps(start: Any, end: Any, by: Any) -> range:
    """The numbers of a FOR loop; none where it runs the other way."""
    first, last = values.whole(start), values.whole(end)
    if abs(last - first) > 10**9:
        raise Fault("a loop has too many rounds", "limit what it counts to")
    return range(first, last + by, by)


def _refuse(what: Any, advice: Any) -> None:
    raise Fault(str.__str__(what), str.__str__(advice))


_AS_IT_IS: Final = Short("{name}")  # a plain text
_IF_THERE: Final = Short("{name}", "{named} is not None", (1,))


def _filter(
    call: Callable[..., Any], arguments: int, *, takes_context: bool = False, short: Short | None = None
) -> Filter:
    return Filter(call, arguments, arguments, frozenset(), takes_context, work=None, short=short)


def _comparison(call: Callable[..., Any], arguments: int = 1) -> Filter:
    return Filter(call, arguments, arguments, frozenset(), takes_context=False, work=_size, gives="boolean")


_INTERNAL: Final[dict[str, Filter]] = {
    "v": _filter(_printed, 0, short=_AS_IT_IS),
    "is_true": _comparison(values.is_true, 0),
    "equals": _comparison(values.equals),
    "differs": _comparison(values.differs),
    "above": _comparison(values.above),
    "below": _comparison(values.below),
    "not_above": _comparison(values.not_above),
    "not_below": _comparison(values.not_below),
    "attribute": _filter(_attribute, 1, takes_context=True, short=_IF_THERE),
    "attribute_value": _filter(_attribute_value, 0, takes_context=True),
    "extension": _filter(rows.extension, 1),
    "httpget_command": Filter(http.http_get_command, 1, 1, frozenset(), takes_context=True, fetches=True),
    "sending_date": _filter(_sending_date, 0, takes_context=True),
    "steps": _filter(_steps, 2),
    "refuse": _filter(_refuse, 1),
}


def _as_filter(function: Function) -> Filter:
    """A function as the generator calls it: its first argument is what the filter is applied to."""
    return Filter(
        function.call,
        max(function.least - 1, 0),
        max(function.most - 1, 0),
        frozenset(),
        function.takes_context,
        function.has_effects,
        function.shares_scope,
        function.includes,
        function.fetches,
        gives=function.gives,
        work=function.work,
    )


AMPSCRIPT_FILTERS: Final = {name: _as_filter(each) for name, each in FUNCTIONS.items()} | _INTERNAL
AMPSCRIPT_UNESCAPED: Final = {"v": _filter(_printed_plainly, 0, short=_AS_IT_IS)}
AMPSCRIPT_PLAIN_TEXT: Final = {"v": _filter(_printed_without_tags, 0, short=_AS_IT_IS)}
