"""Which charsets a mail may use, and how its octets become text.

Decides by an allow-list (RFC 2046, and the supersets that the WHATWG Encoding Standard reads labels as): what
is not on it is taken for UTF-8, else for windows-1252, with a defect. It never fails and never guesses by
statistics.
"""

from __future__ import annotations

from postbox.ingest.defects import Defect

# Codec, and the labels that are read as it; "_" in a label counts as "-".
_LABELS = {
    "utf-8": "utf-8 utf8 unicode-1-1-utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16le utf-16-le",
    "utf-16be": "utf-16be utf-16-be",
    "utf-32": "utf-32",
    "windows-1250": "windows-1250 cp1250",
    "windows-1251": "windows-1251 cp1251",
    "windows-1252": "windows-1252 cp1252 x-cp1252 iso-8859-1 iso8859-1 latin1 latin-1",
    "windows-1253": "windows-1253 cp1253",
    "windows-1254": "windows-1254 cp1254 iso-8859-9 iso8859-9 latin5",
    "windows-1255": "windows-1255 cp1255",
    "windows-1256": "windows-1256 cp1256",
    "windows-1257": "windows-1257 cp1257",
    "windows-1258": "windows-1258 cp1258",
    "iso-8859-2": "iso-8859-2 iso8859-2 latin2",
    "iso-8859-3": "iso-8859-3",
    "iso-8859-4": "iso-8859-4",
    "iso-8859-5": "iso-8859-5",
    "iso-8859-6": "iso-8859-6 iso-8859-6-i iso-8859-6-e",
    "iso-8859-7": "iso-8859-7",
    "iso-8859-8": "iso-8859-8 iso-8859-8-i iso-8859-8-e",
    "iso-8859-10": "iso-8859-10",
    "iso-8859-13": "iso-8859-13",
    "iso-8859-14": "iso-8859-14",
    "iso-8859-15": "iso-8859-15 iso8859-15 latin-9",
    "iso-8859-16": "iso-8859-16",
    "koi8-r": "koi8-r koi8",
    "koi8-u": "koi8-u",
    "gb18030": "gb18030 gb2312 gb-2312 gbk x-gbk cp936 csgb2312 euc-cn",
    "hz": "hz hz-gb-2312",
    "big5hkscs": "big5 big5-hkscs x-x-big5 cp950",
    "cp932": "cp932 shift-jis sjis x-sjis ms-kanji windows-31j",
    "euc-jp": "euc-jp x-euc-jp eucjp",
    "iso-2022-jp": "iso-2022-jp csiso2022jp",
    "iso-2022-jp-1": "iso-2022-jp-1",
    "iso-2022-jp-2": "iso-2022-jp-2",
    "iso-2022-jp-3": "iso-2022-jp-3 iso-2022-jp-ms",
    "iso-2022-kr": "iso-2022-kr",
    "cp949": "cp949 windows-949 euc-kr ks-c-5601-1987 ks-c-5601 ksc5601 uhc",
    "johab": "johab",
    "cp437": "cp437 ibm437",
    "cp850": "cp850 ibm850",
    "cp866": "cp866 ibm866",
    "cp874": "cp874 windows-874 dos-874 tis-620 iso-8859-11",
    "mac-roman": "macintosh mac x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic",
}
CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
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
