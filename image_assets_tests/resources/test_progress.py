from dagster import DagsterInstance, job, op

from image_assets.progress import LogProgress
from image_assets.resources.progress import log_progress


def test_progress_is_written_to_the_log_of_the_run() -> None:
    @op(required_resource_keys={"progress"})
    def stage(context) -> None:  # type: ignore[no-untyped-def]
        progress = context.resources.progress
        assert isinstance(progress, LogProgress)
        progress.start("decoded_frames")
        progress.report(5, 20)
        progress.finish()

    @job(resource_defs={"progress": log_progress})
    def run() -> None:
        stage()

    with DagsterInstance.ephemeral() as instance:
        result = run.execute_in_process(instance=instance)
        messages = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert any(message.startswith("decoded_frames: 5 pictures in ") for message in messages)
