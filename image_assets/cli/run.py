"""`image-assets run`: a whole chain in one Dagster run with one Spark session, with progress and a result."""

import shlex
import sys
import uuid
from typing import TYPE_CHECKING, Annotated, Any

import typer

from image_assets.automation.tags import RECOMPUTE_TAG
from image_assets.cli.app import app, examples, warn
from image_assets.cli.arguments import AsJson, starting
from image_assets.cli.chains import CHAINS, DEFAULT_CHAIN
from image_assets.cli.chains.chain import Chain
from image_assets.cli.console import counted, listening, print_json, say, steady_output
from image_assets.cli.stopping import Stop, StoppableProgress, cancel_spark_jobs
from image_assets.errors import ImageAssetsError, plain_message
from image_assets.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance, ExecuteInProcessResult
    from rich.console import Console

    from image_assets.progress import Progress


class RunError(ImageAssetsError):
    """A run did not succeed."""


def _complete_partition(context: typer.Context, incomplete: str) -> list[str]:
    """Complete what the chain of the command line can run."""
    from image_assets.settings import load_settings

    chain = CHAINS.get(context.params.get("chain_name") or DEFAULT_CHAIN)
    return [] if chain is None else starting(incomplete, lambda: chain.available(load_settings()))


@app.command(
    epilog="Chains:\n\n"
    + "\n".join(f"- `{chain.name}`: {chain.describe}" for chain in CHAINS.values())
    + "\n\n"
    + examples("run", "run Banana Kiwi", "run --chain imagenet", "run --chain recordings", "run --full")
)
def run(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Classes, or scenes or recordings of the chain; all by default.",
            autocompletion=_complete_partition,
            show_default=False,
        ),
    ] = None,
    chain_name: Annotated[
        str | None,
        typer.Option(
            "--chain",
            metavar="CHAIN",
            help=f"One of {', '.join(CHAINS)}. Without it: fruits, and after them scenes and recordings if there are "
            "any.",
            autocompletion=lambda incomplete: [name for name in CHAINS if name.startswith(incomplete)],
            show_default=False,
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Compute every picture anew, also those that have not changed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Materialize the fruits chain, from the files to predictions and their evaluation, then scenes and recordings.

    With some classes named, only these are computed: the projection and the classifier stay as they were fitted, since
    the features of the other classes belong to them. A first run fits them to what it has.

    Scenes and recordings are computed when no class is named; those of the samples only with the sample pictures.

    Ctrl-C stops after a moment: classes that are committed are kept and recorded, and the same command goes on.
    """
    from image_assets.settings import load_settings, unknown_variables
    from image_assets.spark.java import check_java

    first = _chain(chain_name or DEFAULT_CHAIN)
    settings = load_settings()
    for line in unknown_variables():
        warn(line)
    check_java()
    further = [chain for chain in CHAINS.values() if chain is not first] if not names and chain_name is None else []
    console, stop = steady_output(stderr=as_json), Stop()
    done: list[dict[str, Any]] = []
    try:
        for chain in (first, *further):
            # Asked when its turn has come: what is wrong with one source stops no chain before it.
            if chain is not first and not chain.with_all(settings):
                continue
            done.append(_run_chain(console, settings, chain, names, stop, full=full))
            if not as_json:
                _tell(console, settings, chain, done[-1])
            if stop.requested:  # too late for this chain
                typer.echo(f"stopped after the chain {chain.name}, which is done; go on with: {_again()}", err=True)
                break
    except (ImageAssetsError, OSError, typer.Exit) as error:
        done.append({"chain": chain.name, "error": "stopped" if isinstance(error, typer.Exit) else str(error)})
        raise
    finally:
        if as_json and done:
            print_json({**done[0], **({"further": done[1:]} if done[1:] else {})})
    if stop.requested:
        raise typer.Exit(stop.exit_code)


def _tell(console: "Console", settings: Settings, chain: Chain, result: dict[str, Any]) -> None:
    """Print what came of a chain."""
    console.print(chain.draw(settings, result[chain.nouns[1]]))
    say(console, f"Tables: {result['warehouse']}  Run: {result['run_id']}")
    if result["report"]:
        say(console, f"Report: {result['report']}")
    say(console, chain.next_step.replace("<warehouse>", result["warehouse"]))


def _run_chain(
    console: "Console", settings: Settings, chain: Chain, names: list[str] | None, stop: Stop, *, full: bool
) -> dict[str, Any]:
    """Run one chain and return what is to be told of it."""
    from image_assets.fruits.selection import chosen_classes
    from image_assets.warehouse.warehouse import Warehouse

    place = chain.place(settings)
    chosen = chosen_classes(names, chain.available(settings), place, chain.nouns[0])
    say(console, f"image_assets: {counted(len(chosen), *chain.nouns)} of {place} into {settings.warehouse}")
    kept = chain.kept(settings) if names else set()
    result = _execute(console, settings, chain, chosen, kept, stop, full=full)
    if not result.success:
        raise RunError(_reason(result))
    return {
        "run_id": result.run_id,
        "chain": chain.name,
        "warehouse": Warehouse.at(settings.warehouse).root.uri,
        "report": chain.report(settings),
        chain.nouns[1]: chain.results(settings, chosen),
    }


def _chain(name: str) -> Chain:
    from image_assets.errors import SettingsError
    from image_assets.names import suggestion

    if name not in CHAINS:
        raise SettingsError(f"there is no chain {name!r}: {suggestion(name, CHAINS)}")
    return CHAINS[name]


def _execute(
    console: "Console", settings: Settings, chain: Chain, classes: list[str], kept: set[str], stop: Stop, *, full: bool
) -> "ExecuteInProcessResult":
    """Run the job and hear of requests to stop; ends the command if one has stopped it."""
    from image_assets.cli.instance import open_instance

    run_id = str(uuid.uuid4())
    with open_instance() as instance:
        chain.register(instance, classes)
        tags = {**chain.tags(instance, classes), **({RECOMPUTE_TAG: "true"} if full else {})}

        def on_request(count: int) -> None:
            if count == 1:
                console.print("[yellow]stopping[/]: what is committed is kept; once more to stop at once")
            else:
                _record_stop(instance, run_id)
                cancel_spark_jobs()

        with listening(console) as progress, stop.listening():
            stoppable = StoppableProgress(progress, stop, lambda: _record_stop(instance, run_id))
            result = stop.watch(
                lambda: _materialize(instance, settings, chain, stoppable, kept, tags, run_id), on_request
            )
        if stop.requested and (result is None or not result.success):
            _say_stopped(instance, run_id, counted(len(classes), *chain.nouns))
            raise typer.Exit(stop.exit_code)
        if result is None:
            raise RunError(f"run {run_id} was interrupted: make dev shows where")
        return result


def _materialize(
    instance: "DagsterInstance",
    settings: Settings,
    chain: Chain,
    progress: "Progress",
    kept: set[str],
    tags: dict[str, str],
    run_id: str,
) -> "ExecuteInProcessResult | None":
    """Execute the job; None if it was interrupted before it had a result."""
    from dagster import AssetKey, DagsterExecutionInterruptedError, ResourceDefinition

    from image_assets.definitions import build_definitions

    definitions = build_definitions(settings, {"progress": ResourceDefinition.hardcoded_resource(progress)})
    job = definitions.resolve_job_def(chain.job)
    try:
        return job.execute_in_process(
            instance=instance,
            run_id=run_id,
            asset_selection=sorted(set(job.asset_layer.executable_asset_keys) - {AssetKey(name) for name in kept}),
            tags=tags,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    except DagsterExecutionInterruptedError:
        return None


def _record_stop(instance: "DagsterInstance", run_id: str) -> None:
    """Let Dagster record what now ends the run as a stop that was asked for, not as a failure."""
    from dagster import DagsterRunStatus

    found = instance.get_run_by_id(run_id)
    if found is not None and not found.is_finished and found.status != DagsterRunStatus.CANCELING:
        instance.report_run_canceling(found, "Stopped at the command line.")


def _say_stopped(instance: "DagsterInstance", run_id: str, asked: str) -> None:
    """Say in one line how far the run came and how to go on."""
    from dagster import DagsterEventType

    done: dict[str, int] = {}
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION):
        asset = entry.get_dagster_event().asset_key
        name = asset.to_user_string() if asset else ""
        done[name] = done.get(name, 0) + 1
    reached = f"{list(done)[-1]} has {done[list(done)[-1]]:,} of {asked}" if done else "nothing was done"
    typer.echo(f"stopped: {reached}, all kept and recorded; go on with: {_again()}", err=True)


def _again() -> str:
    return shlex.join(["image-assets", *sys.argv[1:]])


def _reason(result: "ExecuteInProcessResult") -> str:
    """Tell which step failed and why, without the traceback; Dagster's UI has it."""
    for event in result.all_events:
        if event.is_step_failure:
            return (
                f"{event.step_key}: {_cause(event.step_failure_data)}\nThe whole story: make dev, run {result.run_id}"
            )
    return f"run {result.run_id} failed before its first step: make dev shows why"


def _cause(failure: Any) -> str:
    told = failure.user_failure_data.description if failure.user_failure_data else None
    if told:
        return str(told)
    error = failure.error and (failure.error.cause or failure.error)
    return plain_message(error.message.strip()) if error else "it failed"
