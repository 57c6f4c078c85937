"""Where the results of a zoo lie: every path that more than one rule knows, relative to the run.

Names of checkpoints become names of files here and in :mod:`checkpoint_names` alone.
"""

from dataclasses import dataclass

from workflow_scripts.common.checkpoint_names import file_name

RESULTS = "results"
DOWNLOADS = f"{RESULTS}/downloads"


@dataclass(frozen=True)
class ZooPaths:
    """The files of one zoo.

    Attributes:
        zoo: its name.
    """

    zoo: str

    @property
    def folder(self) -> str:
        """All of them are below it."""
        return f"{RESULTS}/{self.zoo}"

    def units(self, corpus: str) -> str:
        """The units of a corpus and their groups."""
        return f"{self.folder}/corpora/{corpus}.units.parquet"

    def checkpoint(self, checkpoint: str) -> str:
        """The folder of a checkpoint."""
        return f"{self.folder}/checkpoints/{file_name(checkpoint)}"

    def card(self, checkpoint: str) -> str:
        """What a checkpoint is."""
        return f"{self.checkpoint(checkpoint)}/checkpoint.json"

    def features_folder(self, corpus: str) -> str:
        """The folder of all features on a corpus."""
        return f"{self.folder}/features/{corpus}"

    def features(self, corpus: str, checkpoint: str) -> str:
        """The features of a checkpoint on a corpus."""
        return f"{self.features_folder(corpus)}/{file_name(checkpoint)}.safetensors"

    def task(self, task: str) -> str:
        """The targets and splits of a task."""
        return f"{self.folder}/tasks/{task}.parquet"

    def covariance(self, probe: str = "probe") -> str:
        """The covariance from a probe."""
        return f"{self.folder}/covariance/{probe}.npz"

    def convergence(self, probe: str) -> str:
        """How that covariance converges as the probe grows."""
        return f"{self.folder}/covariance/{probe}.convergence.csv"

    def quality(self, probe: str = "probe") -> str:
        """Scores of the features on a probe by their spectrum."""
        return f"{self.folder}/covariance/{probe}.quality.csv"

    @property
    def replicates(self) -> str:
        """Covariances from random halves of the probe."""
        return f"{self.folder}/covariance/probe.replicates.npz"

    def selection(self, method: str) -> str:
        """The picks of a method."""
        return f"{self.folder}/selections/{method}.csv"

    def stability(self, method: str) -> str:
        """What the method picks from the replicates."""
        return f"{self.folder}/stability/{method}.csv"

    def scores(self, task: str, part: str) -> str:
        """Scores on a task: of a size (``k3``), or what a method looks at (``singles``)."""
        return f"{self.folder}/scores/{task}/{part}.csv"

    @property
    def all_scores(self) -> str:
        """The scores on all tasks."""
        return f"{self.folder}/scores.csv"

    def table(self, name: str) -> str:
        """A table of the report."""
        return f"{self.folder}/tables/{name}.csv"

    def figure(self, name: str, suffix: str = ".svg") -> str:
        """A figure of the report, in one of its formats."""
        return f"{self.folder}/figures/{name}{suffix}"
