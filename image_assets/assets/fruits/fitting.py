"""Whether a run fits projection and classifier anew, or keeps those that there are."""

from collections.abc import Callable

from dagster import AssetExecutionContext, Failure

from image_assets.automation.partitions import classes_of_run
from image_assets.automation.tags import FIT_ALL, FIT_IF_NEEDED, FIT_TAG
from image_assets.warehouse.table import Table


def keeps_fit(
    context: AssetExecutionContext, features: Table, *, fitted: bool, outdated: Callable[[], str | None]
) -> bool:
    """Whether the present fit stays as it is.

    Args:
        context: of the asset. The tag of its run decides, see `image_assets.automation.tags`; without one, a run of
            some classes keeps the fit, since the features of the others belong to it.
        features: the table that the fit is made of.
        fitted: whether there is a fit.
        outdated: why the present fit does not serve any more, None if it does; asked only if it matters.

    Raises:
        Failure: if the run is to refit and leaves out classes.
    """
    wish = context.run.tags.get(FIT_TAG)
    classes = classes_of_run(context.instance, context.run.tags)
    left_out = sorted(set(features.counts()) - set(classes))
    if wish == FIT_ALL and left_out:
        raise Failure(
            f"a refit must cover all classes, and this run leaves out {_shown(left_out)}: their features would belong "
            "to the old projection. Choose all partitions, or start the schedule "
            "fruits_refit_weekly",
            allow_retries=False,
        )
    only_some = bool(classes and left_out)
    if not fitted or (wish != FIT_IF_NEEDED and not only_some):
        return False
    reason = outdated()
    if reason is None:
        context.log.info("kept: the present fit serves")
        return True
    if only_some:
        context.log.warning(
            f"kept although {reason}, since this run leaves out {_shown(left_out)}: run the job fruits_refit for all"
        )
        return True
    context.log.info(f"fitted anew: {reason}")
    return False


def _shown(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
