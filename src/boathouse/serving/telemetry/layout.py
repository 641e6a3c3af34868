"""Where each number of a counts file stands: a header, then one record of fixed size for each series.

All numbers are 64-bit integers in the byte order of the machine, so that one increment is one store.
"""

from boathouse.serving.telemetry.nouns import LATENCY_BOUNDS_MS

MAGIC = 0x426F6174436E7431
WORD = 8

# The header, in words.
PID = 1
STARTED_AT = 2
HEARTBEAT = 3
WAITING = 4
UNDER_WAY = 5
JOURNAL_BYTES = 6
CAPTURE_DEGRADED = 7
GENERATION = 8
SERIES = 9
SHADOWS_DROPPED = 10
HEADER = 16

# A record, in words from its beginning.
KEY_BYTES = 256
STATUSES = KEY_BYTES // WORD
STATUS_SLOTS = 16
FALLEN = STATUSES + 2 * STATUS_SLOTS
ROWS = FALLEN + 1
LATENCY_SUM = ROWS + 1
LATENCY = LATENCY_SUM + 1
LATENCY_BUCKETS = len(LATENCY_BOUNDS_MS) + 1
PREDICTIONS = LATENCY + LATENCY_BUCKETS
PREDICTION_BUCKETS = 24
RECORD = PREDICTIONS + PREDICTION_BUCKETS

MOST_SERIES = 1024
FILE_BYTES = (HEADER + MOST_SERIES * RECORD) * WORD
"""Of which the file system keeps only what was ever written."""
SUFFIX = ".counts"
