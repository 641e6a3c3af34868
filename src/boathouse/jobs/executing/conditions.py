"""What a condition task answers."""

from decimal import Decimal, InvalidOperation

from boathouse.foundation.errors import InvalidInput
from boathouse.jobs.settings import ConditionOperator

_AS_TEXT = (ConditionOperator.EQUAL_TO, ConditionOperator.NOT_EQUAL)


def holds(op: ConditionOperator, left: str, right: str) -> bool:
    """Compare; ``EQUAL_TO`` and ``NOT_EQUAL`` compare texts, the others numbers, as on Databricks.

    Raises:
        InvalidInput: One of what is compared as numbers is none.
    """
    if op in _AS_TEXT:
        return (left == right) is (op is ConditionOperator.EQUAL_TO)
    first, second = _number(op, "left", left), _number(op, "right", right)
    match op:
        case ConditionOperator.GREATER_THAN:
            return first > second
        case ConditionOperator.GREATER_THAN_OR_EQUAL:
            return first >= second
        case ConditionOperator.LESS_THAN:
            return first < second
        case _:
            return first <= second


def _number(op: ConditionOperator, side: str, text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise InvalidInput(
            f"{op} compares numbers, and {side} is {text!r}.", hint="Use EQUAL_TO or NOT_EQUAL to compare texts."
        )
    return number
