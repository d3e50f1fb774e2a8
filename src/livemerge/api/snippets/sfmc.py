"""Marketing Cloud: AMPscript reads the view as rows. Four ways, by what proves who asks."""

from __future__ import annotations

from livemerge.api.snippets.snippet import KEY, Asking, Part, Printed
from livemerge.api.snippets.tongues import doubled

_ID = "_subscriberkey"
_BODY = f"Concat('{{\"id\":\"', Replace({_ID}, '\"', ''), '\"}}')"


def sfmc_parts(asking: Asking) -> tuple[Part, ...]:
    """B first: its key stands in no address. Then A, C and D."""
    header = (
        f'SET @code = HTTPPost2("{_address(asking)}", "application/json",\n'
        f'  {_BODY}, false, @body, @headers, "X-API-Key", "{KEY}")\n'
        "IF (@code == 200) AND (NOT Empty(@body)) THEN"
    )
    hashed = (
        'SET @inner = "INNER_SECRET"\nSET @outer = "OUTER_SECRET"\n'
        f"SET @proof = SHA256(Concat(@outer, SHA256(Concat(@inner, {_ID}))))\n"
        f'SET @url = Concat("{_address(asking)}&key={KEY}&h=", @proof, "&id=", URLEncode({_ID}, 1, 1))\n'
        "SET @body = HTTPGet(@url, true, 0, @status)\n"
        "IF (@status == 0) AND (NOT Empty(@body)) THEN"
    )
    # Now() is six hours behind UTC all year; the token is good for ten minutes more.
    token = (
        'SET @expires = Add(DateDiff("1970-01-01", Now(), "MI"), 370)\n'
        f'SET @claims = Concat(\'{{"sub":"\', Replace({_ID}, \'"\', \'\'), \'","view":"{asking.view.name}","exp":"\',\n'
        "  Multiply(@expires, 60), '\"}')\n"
        'SET @token = GetJWTByKeyName("livemerge", "HS256", @claims)\n'
        f'SET @url = Concat("{_address(asking)}&key={KEY}&t=", @token, "&id=", URLEncode({_ID}, 1, 1))\n'
        "SET @body = HTTPGet(@url, true, 0, @status)\n"
        "IF (@status == 0) AND (NOT Empty(@body)) THEN"
    )
    must = '\nIF Empty(@body) OR @found != "true" THEN RaiseError("no live data", true) ENDIF'
    return (
        Part("B: the key in a header", _script(asking, header), "ampscript"),
        Part("A: the key in the address, with a hash that proves the id", _script(asking, hashed), "ampscript"),
        Part("C: the key in the address, with a token; its secret stays in Key Management", _script(asking, token)),
        Part("D: as B, and who has no live data gets no mail", _script(asking, header, must), "ampscript"),
    )


def _address(asking: Asking) -> str:
    return f"{asking.base}/api/views/{asking.view.name}?shape=rows&ascii=1"


def _script(asking: Asking, call: str, then: str = "") -> str:
    scalars = asking.scalars
    sets = "\n".join(f"SET @{one.name} = {doubled(one.fallback)}" for one in scalars)
    reads = "\n".join(_read(one) for one in scalars)
    lists = "".join(
        f'\n  SET @{one.name} = BuildRowsetFromJSON(@body, "$.{one.name}[*]", 1)'
        for one in asking.printed
        if one.items is not None
    )
    block = (
        f"%%[\n{sets}\n{call}\n"
        '  SET @rows = BuildRowsetFromJSON(@body, "$.rows[*]", 1)\n'
        "  IF RowCount(@rows) > 0 THEN\n    SET @row = Row(@rows, 1)\n"
        f'    SET @found = Lowercase(Concat("", Field(@row, "found", 0)))\n{reads}\n  ENDIF{lists}\nENDIF{then}\n]%%\n'
    )
    return block + "\n".join(_shown(one) for one in asking.printed)


def _read(one: Printed) -> str:
    field = f'Field(@row, "{one.name}", 0)'
    return f"    IF NOT Empty({field}) THEN SET @{one.name} = {field} ENDIF"


def _shown(one: Printed) -> str:
    if one.items is None:
        return f"<p>%%=v(@{one.name})=%%</p>"
    cells = " ".join(f'%%=Field(Row(@{one.name}, @i), "{name}", 0)=%%' for name in one.items)
    return f"<ul>%%[ FOR @i = 1 TO RowCount(@{one.name}) DO ]%%<li>{cells}</li>%%[ NEXT @i ]%%</ul>"
