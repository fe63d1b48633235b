#!/usr/bin/env bash
# Executors are asked for as `executor`, with their configuration in SPARK_* variables; anything else is a command.
set -euo pipefail
if [ "${1:-}" != executor ]; then
  exec tini -s -- "$@"
fi
mapfile -t options < <(env | sort -V | sed -n 's/^SPARK_JAVA_OPT_[0-9]*=//p')
exec tini -s -- java "${options[@]}" "-Xms$SPARK_EXECUTOR_MEMORY" "-Xmx$SPARK_EXECUTOR_MEMORY" \
  -cp "$SPARK_HOME/jars/*" org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend \
  --driver-url "$SPARK_DRIVER_URL" --executor-id "$SPARK_EXECUTOR_ID" --cores "$SPARK_EXECUTOR_CORES" \
  --app-id "$SPARK_APPLICATION_ID" --hostname "$SPARK_EXECUTOR_POD_IP" --resourceProfileId "$SPARK_RESOURCE_PROFILE_ID" \
  --podName "$SPARK_EXECUTOR_POD_NAME"
