"""The check that the accuracy has not dropped since the evaluation before."""

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetKey,
    DagsterInstance,
)

from image_assets.checks.declaration import settled_check
from image_assets.settings import Settings

EVALUATION = AssetKey("evaluation")


def accuracy_check(settings: Settings) -> AssetChecksDefinition:
    """Return the check, with the margin of the settings."""

    @settled_check(
        asset=EVALUATION,
        name="accuracy_holds",
        description=f"The accuracy is at most {settings.accuracy_margin:.1%} below that of the evaluation before.",
    )
    def accuracy_holds(context: AssetCheckExecutionContext) -> AssetCheckResult:
        values = recorded_accuracies(context.instance)
        if len(values) < 2:
            return AssetCheckResult(passed=True, metadata={"why": "there is no earlier evaluation"})
        now, before = values
        return AssetCheckResult(
            passed=now >= before - settings.accuracy_margin,
            severity=AssetCheckSeverity.WARN,
            metadata={"accuracy": now, "accuracy_before": before},
        )

    return accuracy_holds


def recorded_accuracies(instance: DagsterInstance) -> list[float]:
    """Return the accuracies of the last two evaluations on record, the latest first."""
    records = instance.fetch_materializations(EVALUATION, limit=2).records
    events = [record.asset_materialization for record in records]
    found = [event.metadata.get("accuracy") for event in events if event is not None]
    return [float(str(entry.value)) for entry in found if entry is not None]
