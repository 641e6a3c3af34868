# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The types that columns of system tables have."""

import pyarrow as pa

TEXT, TIME = pa.string(), pa.timestamp("us", "UTC")
