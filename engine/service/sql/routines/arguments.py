"""What a call gives a function: by place, by name, or by default. Knows no bodies."""

from __future__ import annotations

from sqlglot import exp

from engine.core.schema import suggestion
from engine.errors import BadStatement
from engine.service.sql.language.dialect import expression
from engine.service.sql.routines.routine import Routine


def arguments_of(routine: Routine, call: exp.Anonymous) -> dict[str, exp.Expression]:
    """A value of its type for each parameter, by the parameter's name in small letters.

    Raises:
        BadStatement: too many arguments, one that is missing, given twice, or of no such parameter.
    """
    values = in_places(routine, call)
    return {
        field.name.lower(): field.cast(value) for field, value in zip(routine.parameters, values)
    }


def in_places(routine: Routine, call: exp.Anonymous) -> list[exp.Expression]:
    """A value for each parameter as the call or the function says it. Raises as `arguments_of`."""
    given = _given(routine, call)
    found: list[exp.Expression] = []
    for field in routine.parameters:
        value = given.get(field.name.lower())
        if value is None and field.default is None:
            raise BadStatement(
                f"[REQUIRED_PARAMETER_NOT_FOUND] Cannot invoke routine {routine.name} because the "
                f"parameter named `{field.name}` is required, but the routine call did not supply a "
                f"value. Its parameters are: {_listed(routine)}."
            )
        found.append(expression(field.default or "") if value is None else value.copy())
    return found


def _given(routine: Routine, call: exp.Anonymous) -> dict[str, exp.Expression]:
    """What a call says, by names of parameters in small letters."""
    names = [field.name.lower() for field in routine.parameters]
    if len(call.expressions) > len(names):
        raise BadStatement(
            f"[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] The {routine.name} requires {len(names)} parameters "
            f"but the actual number is {len(call.expressions)}. They are: {_listed(routine)}."
        )
    found: dict[str, exp.Expression] = {}
    for place, argument in enumerate(call.expressions):
        if isinstance(argument, exp.Kwarg):
            name, argument = str(argument.this.name).lower(), argument.expression
            if name not in names:
                raise BadStatement(
                    f"[UNRECOGNIZED_PARAMETER_NAME] Cannot invoke routine {routine.name} because the "
                    f"routine call included a named argument reference for the argument named `{name}`, "
                    f"which it has not.{suggestion(name, names)} Its parameters are: {_listed(routine)}."
                )
        else:
            name = names[place]
        if name in found:
            raise BadStatement(
                f"[DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT] Call to routine {routine.name} is invalid "
                f"because it includes the argument `{name}` twice."
            )
        found[name] = argument
    return found


def _listed(routine: Routine) -> str:
    return ", ".join(f"{one.name} {one.type or ''}".strip() for one in routine.parameters) or "none"
