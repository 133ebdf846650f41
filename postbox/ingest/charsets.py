"""Which charsets a mail may use, and how its octets become text.

Decides by an allow-list (RFC 2046, the WHATWG Encoding Standard's supersets): what is not on it is taken for UTF-8, else
for windows-1252, with a defect. It never fails and never guesses by statistics.
"""

from __future__ import annotations

from postbox.ingest.defects import Defect

    _SAME = """ utf-8 utf-16 utf-16le utf-16be utf-32 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6
    iso-8859-7 iso-8859-8 iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 windows-1250
    windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 windows-1258
    koi8-r koi8-u gb18030 big5hkscs euc-jp iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-kr
    hz cp437 cp850 cp866 cp874 cp932 cp949 johab """.split()

# Labels that mailers use for less than they send are read as the superset that browsers read them as.
CODECS = {name: name for name in _SAME} | {
    "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be",
    "iso-8859-1": "windows-1252", "iso8859-1": "windows-1252", "latin1": "windows-1252", "latin-1": "windows-1252",
    "cp1252": "windows-1252", "x-cp1252": "windows-1252", "iso-8859-9": "windows-1254", "latin5": "windows-1254",
    "iso-8859-11": "cp874", "tis-620": "cp874", "windows-874": "cp874", "dos-874": "cp874",
    "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6", "latin2": "iso-8859-2",
    "latin-9": "iso-8859-15", "cp1250": "windows-1250", "cp1251": "windows-1251", "cp1253": "windows-1253",
    "cp1254": "windows-1254", "cp1255": "windows-1255", "cp1256": "windows-1256", "cp1257": "windows-1257",
    "cp1258": "windows-1258", "koi8": "koi8-r", "ibm866": "cp866", "ibm850": "cp850", "ibm437": "cp437",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "gb-2312": "gb18030",
    "csgb2312": "gb18030", "euc-cn": "gb18030", "hz-gb-2312": "hz",
    "big5": "big5hkscs", "big5-hkscs": "big5hkscs", "x-x-big5": "big5hkscs", "cp950": "big5hkscs",
    "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms-kanji": "cp932", "windows-31j": "cp932",
    "x-euc-jp": "euc-jp", "eucjp": "euc-jp", "iso-2022-jp-ms": "iso-2022-jp-3", "csiso2022jp": "iso-2022-jp",
    "euc-kr": "cp949", "ks-c-5601-1987": "cp949", "ksc5601": "cp949", "ks-c-5601": "cp949", "windows-949": "cp949",
    "uhc": "cp949", "macintosh": "mac-roman", "x-mac-roman": "mac-roman", "mac": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
}  # fmt: skip
# What names no charset, or one of seven bits: the octets themselves say whether they are UTF-8.
_ASCII = frozenset({"", "us-ascii", "ascii", "ansi-x3.4-1968", "iso-646", "7bit"})
# These write other characters with ASCII octets.
_STATEFUL = frozenset({"utf-16", "utf-16le", "utf-16be", "utf-32", "hz"})


def decode_charset(octets: bytes, declared: str) -> tuple[str, Defect | None]:
    """Text and what was wrong with its charset. Octets that the charset does not know become U+FFFD."""
    label = declared.strip("\"' \t").lower().replace("_", "-") if declared else ""
    codec = CODECS.get(label, "")
    if octets.isascii() and codec not in _STATEFUL and not codec.startswith("iso-2022"):
        known = bool(codec) or label in _ASCII
        return octets.decode("ascii"), None if known else Defect.CHARSET_UNKNOWN
    if codec:
        return _declared(octets, codec)
    defect = Defect.CHARSET_WRONG if label in _ASCII else Defect.CHARSET_UNKNOWN
    return _undeclared(octets), defect


def _declared(octets: bytes, codec: str) -> tuple[str, Defect | None]:
    try:
        return octets.decode(codec), None
    except UnicodeError:
        return octets.decode(codec, "replace"), Defect.CHARSET_WRONG


def _undeclared(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("windows-1252", "replace")
