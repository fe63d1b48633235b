#!/usr/bin/env bash
# Start a Spark master or worker in the foreground, with the Spark of the pyspark package.
#   spark.sh master HOST [PORT]
#   spark.sh worker spark://HOST:PORT CORES MEMORY
set -euo pipefail
python=${IMAGE_ASSETS_PYTHON:-$(dirname "$0")/../../.venv/bin/python}
SPARK_HOME=$("$python" -c 'import pathlib, pyspark; print(pathlib.Path(pyspark.__file__).parent)')
export SPARK_HOME
case "${1:-}" in
  master)
    exec "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.master.Master --host "$2" --port "${3:-7077}"
    ;;
  worker)
    exec "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.worker.Worker --cores "$3" --memory "$4" "$2"
    ;;
  *)
    sed -n 's/^#   //p' "$0" >&2
    exit 2
    ;;
esac
