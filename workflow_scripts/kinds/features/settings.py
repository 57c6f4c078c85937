"""Settings of features brought along: their probe and their tasks."""

from typing import Annotated, Literal

from pydantic import Field

from workflow_scripts.common.settings import Fraction, Name, Settings, UserPath


class FeatureProbe(Settings):
    """The corpus whose features the covariance is estimated from."""

    corpus: Name = Field("probe", description="name of the corpus, as the pattern has it")
    groups: UserPath | None = Field(
        None,
        description="table with a row for each unit, whose column says which units belong together",
    )
    group: str = Field("group", description="that column")


class TableTask(Settings):
    """Predicting a column of a table that has a row for each unit of a corpus."""

    corpus: Name = Field(description="name of the corpus, as the pattern has it")
    table: Annotated[UserPath, Field(min_length=1)] = Field(
        description=".csv, .tsv, .jsonl or .parquet; row i is unit i"
    )
    target: str = Field(description="the column that is predicted")
    split: str | None = Field(
        None, description="column that says train, dev or test; default: dev and test are drawn"
    )
    group: str | None = Field(
        None, description="column of what must not be torn apart by splits, such as a patient"
    )
    metric: Literal["accuracy", "top3_accuracy", "pearson"] | None = Field(
        None, description="default: accuracy of classes, Pearson's r of numbers"
    )
    dev_fraction: Fraction = Field(0.2, description="share of the groups kept for dev, if drawn")
    test_fraction: Fraction = Field(0.2, description="share of the groups kept for test, if drawn")
