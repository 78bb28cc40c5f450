"""Types of the module."""

from pinchbeck import stats as stats

__version__: str

class EndpointError(RuntimeError):
    summary: None

class BudgetExceeded(RuntimeError):
    summary: None
