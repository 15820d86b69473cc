"""The contents of the event files below a folder as TensorBoard reads them, in JSON: for each run
its scalars, hyper-parameters and how it ended."""

import json
import os
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata, plugin_data_pb2


def plugin(events, name):
    content = events.SummaryMetadata(name).plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content)


def value(hparam):
    return getattr(hparam, hparam.WhichOneof("kind"))


def run(folder):
    # 0: keep every scalar
    events = EventAccumulator(folder, size_guidance={"scalars": 0})
    events.Reload()
    begin = plugin(events, metadata.SESSION_START_INFO_TAG).session_start_info
    end = plugin(events, metadata.SESSION_END_INFO_TAG).session_end_info
    return {
        "scalars": {
            tag: [[e.step, e.value] for e in events.Scalars(tag)]
            for tag in events.Tags()["scalars"]
        },
        "hparams": {name: value(hparam) for name, hparam in begin.hparams.items()},
        "status": end.status,
    }


logs = sys.argv[1]
json.dump({name: run(os.path.join(logs, name)) for name in sorted(os.listdir(logs))}, sys.stdout)
