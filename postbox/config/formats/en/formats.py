"""Times as logs have them: in order, with seconds and the zone."""

from __future__ import annotations

DATETIME_FORMAT = "Y-m-d H:i:s e"
DATE_FORMAT = "Y-m-d"
