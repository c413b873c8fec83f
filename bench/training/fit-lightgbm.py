"""Fits LightGBM with its defaults on a table of doubles, and prints the seconds, wall and CPU. Arguments: the table, objective, threads."""

import json
import sys
import time

import lightgbm
import numpy

path, objective, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(path + ".json") as file:
    head = json.load(file)
columns = numpy.fromfile(path, dtype=numpy.float64).reshape(len(head["categorical"]) + 1, head["rows"])
features, target = numpy.ascontiguousarray(columns[:-1].T), columns[-1]
categorical = [index for index, each in enumerate(head["categorical"]) if each]
started, spent = time.perf_counter(), time.process_time()
data = lightgbm.Dataset(features, target, categorical_feature=categorical, params={"verbose": -1, "num_threads": threads})
lightgbm.train({"objective": objective, "verbose": -1, "num_threads": threads}, data, 100)
print(json.dumps({"wall": time.perf_counter() - started, "cpu": time.process_time() - spent}))
