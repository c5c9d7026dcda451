"""Classifies a JSON Lines data set with Spark, by the program as a filter on every partition.

    python classify.py TOOLS.jsonl OUT.parquet [PROGRAM]

Each line goes through `mcpclass classify`, which answers a line a line and in order, however the data is split.
"""

import json
import shlex
import sys

from pyspark.sql import SparkSession
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

# The columns that go into Parquet; an assessment has more, as JSON in `assessment`.
COLUMNS = StructType(
    [
        StructField("id", StringType()),
        StructField("server", StringType()),
        StructField("name", StringType()),
        StructField("category", StringType()),
        StructField("risk", StringType()),
        StructField("confidence", DoubleType()),
        StructField("decision", StringType()),
        StructField("assessment", StringType()),
    ]
)


def row(line):
    answer = json.loads(line)
    text = lambda key: None if answer.get(key) is None else str(answer[key])
    confidence = answer.get("confidence")
    return (
        text("id"),
        text("server"),
        text("name"),
        text("category"),
        text("risk"),
        None if confidence is None else float(confidence),
        text("decision"),
        line,
    )


def main():
    tools, out = sys.argv[1:3]
    program = sys.argv[3] if len(sys.argv) > 3 else "mcpclass"
    spark = SparkSession.builder.master("local[2]").appName("mcpclass").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    lines = spark.sparkContext.textFile(tools, minPartitions=4)
    answers = lines.pipe(shlex.join([program, "classify", "--no-config"]))
    spark.createDataFrame(answers.map(row), COLUMNS).write.mode("overwrite").parquet(out)
    spark.stop()


if __name__ == "__main__":
    main()
