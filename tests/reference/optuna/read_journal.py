"""Opens a journal with Optuna and prints what it reads: `python3 read_journal.py JOURNAL [--live]`.

With --live it reads again whenever a line arrives on its input, with the storage that it opened at
the beginning, as optuna-dashboard does.
"""

import json
import sys

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

optuna.logging.set_verbosity(optuna.logging.ERROR)


def told(storage):
    studies = []
    for name in optuna.get_all_study_names(storage=storage):
        study = optuna.load_study(study_name=name, storage=storage)
        trials = [
            {
                "number": trial.number,
                "id": trial._trial_id,
                "state": trial.state.name,
                "parameters": trial.params,
                "distributions": {key: repr(value) for key, value in trial.distributions.items()},
                "values": [repr(value) for value in trial.values or []],
                "losses": [[step, repr(loss)] for step, loss in trial.intermediate_values.items()],
                "attributes": trial.user_attrs,
                "took": trial.duration.total_seconds() if trial.duration else None,
            }
            for trial in study.get_trials()
        ]
        best = (
            study.best_trial.number
            if any(trial["state"] == "COMPLETE" for trial in trials)
            else None
        )
        studies.append(
            {
                "name": name,
                "direction": study.direction.name,
                "attributes": study.user_attrs,
                "best": best,
                "trials": trials,
            }
        )
    return studies


storage = JournalStorage(JournalFileBackend(sys.argv[1]))
print(json.dumps(told(storage)), flush=True)
if "--live" in sys.argv:
    for _ in sys.stdin:
        print(json.dumps(told(storage)), flush=True)
