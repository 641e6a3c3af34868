"""Which columns of its tables flow into which columns of a query.

Works on a bound tree (:mod:`boathouse.session.sql.binding`) before its functions are translated, in one pass. A column
flows *directly* where its value becomes part of the result, and *indirectly* where it decides which value or which rows
there are: in a condition, a join, a grouping, an order. What cannot be told apart is counted in, never left out.
"""

from boathouse.session.sql.column_lineage.flows import Flow, Origin, QueryFlow
from boathouse.session.sql.column_lineage.queries import flow_of_query

__all__ = ["Flow", "Origin", "QueryFlow", "flow_of_query"]
