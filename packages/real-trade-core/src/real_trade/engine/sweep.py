"""A search for a strategy's parameters, by Optuna: on as many machines as share its storage."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import backtrader as bt
from sqlalchemy.exc import SQLAlchemyError

from real_trade.engine.evaluation import OBJECTIVES, evaluate
from real_trade.engine.sweep_plan import Range, SweepPlan
from real_trade.storage.bar_files import BarTable
from real_trade.storage.engine import StorageError
from real_trade.utils.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from types import ModuleType

    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

__all__ = ["SAMPLERS", "Found", "open_study", "read_plan", "rows_of", "search"]

SAMPLERS = ("tpe", "random", "grid")
_PLAN, _TRIALS = "real_trade_plan", "real_trade_trials"
_SAMPLER, _SEED = "real_trade_sampler", "real_trade_seed"
_FAILURE = "failure"


@attrs.frozen(kw_only=True)
class Found:
    """What a search came to.

    Attributes:
        best: trials with a value, the best first: parameters and figures.
        failed: how many trials raised, and what the last of them said.
        empty: how many said nothing, such as a Sharpe ratio without a trade.
    """

    study: str
    done: int
    best: tuple[tuple[dict[str, Any], dict[str, Any]], ...]
    failed: int
    failure: str
    empty: int


def open_study(
    storage: str, plan: SweepPlan, *, trials: int, sampler: str, seed: int, name: str = ""
) -> Study:
    """Return the study of a plan: a new one, or the one that goes on.

    Raises:
        ConfigurationError: a study of that name has another plan, or Optuna is not installed.
    """
    optuna = _optuna()
    if sampler == "grid":
        for values in plan.space.values():
            if isinstance(values, Range):
                values.values()  # refuses what has no end
    study: Study = optuna.create_study(
        storage=_storage(storage),
        study_name=name or plan.name,
        direction="maximize" if OBJECTIVES[plan.objective] else "minimize",
        load_if_exists=True,
    )
    known = study.user_attrs.get(_PLAN)
    if known is not None and known != plan.to_json():
        raise ConfigurationError(
            f"study {study.study_name!r} searches for something else",
            remedy="choose another --study name, or leave it out",
        )
    study.set_user_attr(_PLAN, plan.to_json())
    study.set_user_attr(_TRIALS, trials)
    study.set_user_attr(_SAMPLER, sampler)
    study.set_user_attr(_SEED, seed)
    return study


def read_plan(storage: str, name: str) -> tuple[Study, SweepPlan]:
    """Return a study that somebody has begun, and its plan, for a worker.

    Raises:
        DataError: there is no such study.
    """
    optuna = _optuna()
    try:
        study = optuna.load_study(storage=_storage(storage), study_name=name)
    except KeyError:
        names = optuna.get_all_study_names(storage=_storage(storage))
        raise DataError(
            f"there is no study {name!r}", remedy=f"known: {', '.join(names) or 'none'}"
        ) from None
    text = study.user_attrs.get(_PLAN)
    if text is None:
        raise DataError(f"study {name!r} is not one of real-trade's")
    return study, SweepPlan.from_json(text)


def search(
    study: Study,
    plan: SweepPlan,
    strategy: type[bt.Strategy],
    table: BarTable,
    progress: Callable[[int, int], None],
) -> Found:
    """Run trials until the study has as many as it shall have; others may run some of them.

    Args:
        table: the whole history; the plan's window says which part counts.
        progress: is told how many trials are done, and of how many.

    Raises:
        ConfigurationError: every trial failed; the message has what the last one said.
    """
    optuna = _optuna()
    total = int(study.user_attrs[_TRIALS])
    states = optuna.trial.TrialState
    over = (states.COMPLETE, states.PRUNED, states.FAIL)
    window = rows_of(table, *plan.window)
    study.sampler = _sampler(optuna, study, plan)

    def one(trial: Trial) -> float:
        params = plan.fixed | _suggest(trial, plan)
        try:
            told = evaluate(strategy, params, window, cash=plan.cash, commission=plan.commission)
        except Exception as error:
            trial.set_user_attr(_FAILURE, f"{type(error).__name__}: {error}")
            raise
        for name, value in told.items():
            trial.set_user_attr(name, value)
        value = told[plan.objective]
        if value is None:
            raise optuna.TrialPruned(f"{plan.objective} says nothing here")
        return value

    def tell(_: Study, trial: FrozenTrial) -> None:
        del trial
        progress(min(_count(study, over), total), total)

    if sum(1 for _ in study.get_trials(deepcopy=False, states=over)) < total:
        study.optimize(
            one,
            callbacks=[optuna.study.MaxTrialsCallback(total, states=over), tell],
            catch=(Exception,),
        )
    return _found(optuna, study)


def _count(study: Study, states: Any) -> int:
    return len(study.get_trials(deepcopy=False, states=states))


def _found(optuna: ModuleType, study: Study) -> Found:
    states = optuna.trial.TrialState
    trials = study.get_trials(deepcopy=False)
    good = [trial for trial in trials if trial.state is states.COMPLETE]
    bad = [trial for trial in trials if trial.state is states.FAIL]
    empty = sum(trial.state is states.PRUNED for trial in trials)
    failure = str(bad[-1].user_attrs.get(_FAILURE, "")) if bad else ""
    if bad and not good and not empty:
        raise ConfigurationError(
            f"every trial failed; the last one said: {failure or 'nothing'}",
            remedy="run real-trade backtest with one set of parameters to see where",
        )
    sign = -1 if study.direction is optuna.study.StudyDirection.MAXIMIZE else 1
    good.sort(key=lambda trial: (sign * (trial.value or 0.0), trial.number))
    return Found(
        study=study.study_name,
        done=len(good) + len(bad) + empty,
        best=tuple((dict(trial.params), dict(trial.user_attrs)) for trial in good),
        failed=len(bad),
        failure=failure,
        empty=empty,
    )


def _suggest(trial: Trial, plan: SweepPlan) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for name, values in plan.space.items():
        if not isinstance(values, Range):
            chosen[name] = trial.suggest_categorical(name, list(values))
        elif values.is_whole:
            step = int(values.step or 1)
            chosen[name] = trial.suggest_int(name, int(values.low), int(values.high), step=step)
        else:
            chosen[name] = trial.suggest_float(name, values.low, values.high, step=values.step)
    return chosen


def _sampler(optuna: ModuleType, study: Study, plan: SweepPlan) -> Any:
    name, seed = study.user_attrs[_SAMPLER], int(study.user_attrs[_SEED])
    begun = len(study.get_trials(deepcopy=False))
    if name == "grid":
        grid = {
            key: one.values() if isinstance(one, Range) else list(one)
            for key, one in plan.space.items()
        }
        return optuna.samplers.GridSampler(grid, seed=seed)
    # A search that goes on must not draw again what it has drawn.
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed + begun)
    return optuna.samplers.TPESampler(seed=seed + begun)


def rows_of(table: BarTable, first: int, last: int) -> BarTable:
    """Return the rows from `first` to before `last`."""
    columns = ("open_ms", "open", "high", "low", "close", "volume")
    return attrs.evolve(table, **{name: getattr(table, name)[first:last] for name in columns})


def _storage(url: str) -> Any:
    optuna = _optuna()
    try:
        return optuna.storages.RDBStorage(url)
    except (SQLAlchemyError, ImportError, RuntimeError) as error:
        raise StorageError(
            f"the search's storage cannot be opened: {str(error).splitlines()[0]}",
            remedy="--storage takes sqlite:///FILE or postgresql://..., and needs its folder",
        ) from error


def _optuna() -> ModuleType:
    try:
        import optuna
    except ImportError:
        raise ConfigurationError(
            "the search needs Optuna, which is not installed",
            remedy='pip install "real-trade-core[sweep]"',
        ) from None
    optuna.logging.set_verbosity(logging.ERROR)
    module: ModuleType = optuna
    return module
